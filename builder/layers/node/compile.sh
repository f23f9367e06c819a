#!/bin/sh
# Inside the chroot: compiles the journald addon against the container's own libraries and
# strips Node's binary. $1: folder for the results. Lent at /mnt: node (binary), include/
# (Node's headers), nan/, journal_send.cc, systemd/sd-journal.h.
set -eu
if ! command -v g++ >/dev/null || ! command -v strip >/dev/null; then
	# A stack without build-essential: this chroot is thrown away.
	apt-get --quiet --quiet update
	DEBIAN_FRONTEND=noninteractive apt-get --quiet --quiet --yes --no-install-recommends install g++ libc6-dev binutils
fi
mkdir -p "$1"
g++ -O2 -std=c++20 -fPIC -shared -fno-rtti -Wno-deprecated-declarations \
	-DNODE_GYP_MODULE_NAME=journal_send -DBUILDING_NODE_EXTENSION \
	-I/mnt/include/node -I/mnt/nan -I/mnt \
	-o "$1/journald.node" /mnt/journal_send.cc -l:libsystemd.so.0
strip "$1/journald.node"
strip -o "$1/node" /mnt/node
