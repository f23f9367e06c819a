#!/bin/sh
# Puts uv and the services' applications in place, each as release 0 of its service, byte-compiled. Three words
# a service: folder below /mnt, the service's folder, its virtual environment ("": it is not Python).
set -eu
install -D -m 755 /mnt/uv /usr/local/bin/uv
while [ $# -ge 3 ]; do
	release=$2/releases/0
	install -d "$release"
	cp -R "$1/." "$release/"
	chmod -R u=rwX,go=rX "$release"
	if [ -n "$3" ]; then
		/usr/bin/python3 -m compileall -q --invalidation-mode unchecked-hash "$release"
		ln -s "$3" "$release/venv"
	fi
	ln -s releases/0 "$2/current"
	shift 3
done
