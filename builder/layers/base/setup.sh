#!/bin/sh
# mmdebstrap setup hook: what must be there before the first package is unpacked. $1: the rootfs.
set -eu

# A cluster made here would bake in a system identifier and a data directory.
install -d "$1/etc/postgresql-common/createcluster.d"
echo "create_main_cluster = false" >"$1/etc/postgresql-common/createcluster.d/stack-agent.conf"
