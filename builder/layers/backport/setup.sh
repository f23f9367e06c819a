#!/bin/sh
# mmdebstrap setup hook: the newer release's packages can be had, but none of them comes
# unless it is named. $1: the rootfs. From the environment: STACK_SUITE, the chroot's release;
# STACK_NEWER, the one whose sources are rebuilt; STACK_NEWER_TOOLS, its packages (all of
# architecture all) that the build needs in place of the chroot's own.
set -eu
sources=$1/etc/apt/sources.list
sed -n "/^deb /{s/$STACK_SUITE/$STACK_NEWER/g;p;s/^deb /deb-src /;p}" "$sources" >"$1/etc/apt/sources.list.d/newer.list"
mkdir -p "$1/etc/apt/preferences.d"
for suite in "$STACK_NEWER" "$STACK_NEWER-updates" "$STACK_NEWER-security"; do
	printf 'Package: *\nPin: release n=%s\nPin-Priority: -10\n\n' "$suite"
	printf 'Package: %s\nPin: release n=%s\nPin-Priority: 990\n\n' "$STACK_NEWER_TOOLS" "$suite"
done >"$1/etc/apt/preferences.d/newer"
