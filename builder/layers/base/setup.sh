#!/bin/sh
# mmdebstrap setup hook: lays apt's lists and the packages that were fetched where the new
# system's apt looks for them, so that it asks no archive. $1: the rootfs. From the environment:
# STACK_LISTS, STACK_PACKAGES; STACK_PREFERENCES, which names each one's version; STACK_REPOSITORIES,
# folders of packages that were made or downloaded before, each with its index, whose bytes were
# compared with their digests when it was unpacked.
set -eu
root=$1
find "$STACK_LISTS" -maxdepth 1 -type f ! -name lock -exec cp -t "$root/var/lib/apt/lists" {} +
install -D -m 644 "$STACK_PREFERENCES" "$root/etc/apt/preferences.d/build-versions"
archives=$root/var/cache/apt/archives
mkdir -p "$archives"
# Links cost nothing; a user's files can't be linked to as mapped root.
cp -l "$STACK_PACKAGES"/*.deb "$archives" 2>/dev/null || cp "$STACK_PACKAGES"/*.deb "$archives"

if [ -n "$STACK_REPOSITORIES" ]; then
	list=$root/etc/apt/sources.list.d/local.list
	for repository in $STACK_REPOSITORIES; do echo "deb [trusted=yes] copy:$repository ./"; done >"$list"
	APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get --quiet update --error-on=any -o Dir::Etc::SourceList="$list" \
		-o Dir::Etc::SourceParts=/dev/null -o APT::Get::List-Cleanup=false
fi
