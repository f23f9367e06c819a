#!/bin/sh
# Puts uv and the services' applications in place, byte-compiled. Pairs: folder below /mnt, destination.
set -eu
install -D -m 755 /mnt/uv /usr/local/bin/uv
while [ $# -ge 2 ]; do
	install -d "$2"
	cp -R "$1/." "$2/"
	chmod -R u=rwX,go=rX "$2"
	/usr/bin/python3 -m compileall -q --invalidation-mode unchecked-hash "$2"
	shift 2
done
