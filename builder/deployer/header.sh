#!/bin/sh
# deploy-template, and the Node it runs on, in one file: below these lines is a compressed
# archive. It needs no npm and no network. What it holds is unpacked once, into a cache.
set -eu
digest=@DIGEST@
payload() { tail -c "+@BEGIN@" -- "$0"; }
caches=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/deploy-template
unpacked=$caches/$digest
if [ ! -x "$unpacked/bin/node" ]; then
	umask 077
	if ! mkdir -p -- "$caches"; then
		echo "hint:  XDG_CACHE_HOME=/var/tmp/$(id -un) names another folder" >&2
		exit 1
	fi
	if [ "$(payload | sha256sum)" != "$digest  -" ]; then
		echo "error: $0 is damaged: it is not whole, or was changed [damaged-file]" >&2
		echo "hint:  copy it again" >&2
		exit 1
	fi
	work=$(mktemp -d -- "$caches/unfinished.XXXXXX")
	trap 'rm -rf -- "$work"' EXIT
	trap 'exit 129' HUP INT TERM
	payload | gzip -dc | tar -x --no-same-owner -C "$work" -f -
	# Another one may have been quicker.
	mv -T -- "$work" "$unpacked" 2>/dev/null || [ -x "$unpacked/bin/node" ]
	# What earlier versions left.
	for other in "$caches"/*; do
		case $other in "$unpacked" | */unfinished.*) ;; *) rm -rf -- "$other" ;; esac
	done
	trap - EXIT HUP INT TERM
	rm -rf -- "$work"
fi
exec "$unpacked/bin/node" "$unpacked/program/deploy-template.mjs" "$@"
