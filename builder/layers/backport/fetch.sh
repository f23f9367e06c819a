#!/bin/sh
# mmdebstrap customize hook: gets all that the rebuild takes, then has it done in the chroot.
# This machine's apt, which heeds its proxies and certificates, ONLY DOWNLOADS: dpkg's root
# is not apt's, and whatever it installed would land on this machine. $1: the rootfs. From the
# environment: STACK_SOURCE, STACK_SOURCE_VERSION; STACK_READY, STACK_READY_VERSION, a package
# of architecture all that is taken as it is; STACK_REBUILD, the text of rebuild.sh, and what
# that one wants.
set -eu
root=$1
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
mkdir -p "$root/build" "$root/packages"
apt-get --quiet --yes --download-only --no-install-recommends --arch-only --build-profiles="$STACK_PROFILES" \
	build-dep "$STACK_SOURCE=$STACK_SOURCE_VERSION"
(cd "$root/build" && apt-get --quiet --download-only source "$STACK_SOURCE=$STACK_SOURCE_VERSION")
(cd "$root/packages" && apt-get --quiet download "$STACK_READY=$STACK_READY_VERSION")

# The chroot has no name for itself.
[ -e "$root/etc/hosts" ] || printf '127.0.0.1\tlocalhost\n' >"$root/etc/hosts"
exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
	STACK_SOURCE="$STACK_SOURCE" STACK_SOURCE_VERSION="$STACK_SOURCE_VERSION" STACK_PROFILES="$STACK_PROFILES" \
	STACK_SUFFIX="$STACK_SUFFIX" STACK_SUITE="$STACK_SUITE" STACK_KEPT="$STACK_KEPT" \
	sh -c "$STACK_REBUILD" rebuild.sh
