#!/bin/sh
# Makes the services' virtual environments inside the chroot. $1: folder for uv's cache, on
# the file system of the venvs so that they share files by hard links; then, for each
# service, three words: venv, lock, compile|VENV. "compile" byte-compiles; a venv's path
# instead takes that one's byte code, which the same lock makes the same.
# Lent at /mnt: uv, share-bytecode.py, the locks.
set -eu
export UV_CACHE_DIR="$1" UV_LINK_MODE=hardlink UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1
shift

while [ $# -ge 3 ]; do
	# What an earlier try left; packages that it fetched are in the cache.
	rm -rf "$1"
	/mnt/uv venv --quiet --no-config --python /usr/bin/python3 "$1"
	if [ "$3" = compile ]; then
		UV_COMPILE_BYTECODE=1 PYC_INVALIDATION_MODE=UNCHECKED_HASH \
			/mnt/uv pip sync --quiet --no-config --require-hashes --python "$1/bin/python" "$2"
	else
		/mnt/uv pip sync --quiet --no-config --require-hashes --python "$1/bin/python" "$2"
		/usr/bin/python3 /mnt/share-bytecode.py "$3" "$1"
	fi
	# uv's own lock, writable by all.
	rm -f "$1/.lock"
	# What the agent knows a whole venv by: written last.
	sha256sum "$2" | cut -d' ' -f1 >"$1/requirements.sha256"
	shift 3
done
