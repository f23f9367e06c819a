#!/bin/sh
# In the throwaway chroot, everything downloaded: rebuilds a source package for its release.
# From the environment: STACK_SOURCE, STACK_SOURCE_VERSION, STACK_PROFILES (of the build),
# STACK_SUFFIX (what the rebuilt version ends in), STACK_SUITE, STACK_KEPT (the packages wanted).
set -eu
apt-get --quiet --yes --no-download --no-install-recommends --arch-only --build-profiles="$STACK_PROFILES" \
	build-dep "$STACK_SOURCE=$STACK_SOURCE_VERSION"
cd /build
dpkg-source --extract ./*.dsc tree
cd tree
{
	printf '%s (%s%s) %s; urgency=medium\n\n' "$STACK_SOURCE" "$STACK_SOURCE_VERSION" "$STACK_SUFFIX" "$STACK_SUITE"
	printf '  * Rebuilt without changes.\n\n'
	# The same source gives the same time, which is the packages' own.
	printf ' -- build-template <root@localhost>  %s\n\n' "$(dpkg-parsechangelog -S Date)"
	cat debian/changelog
} >../changelog
mv ../changelog debian/changelog
unset SOURCE_DATE_EPOCH
DEB_BUILD_OPTIONS="$(echo "$STACK_PROFILES" | tr , ' ') noautodbgsym parallel=$(nproc)" \
	dpkg-buildpackage --no-sign --build=any --build-profiles="$STACK_PROFILES" </dev/null
for name in $STACK_KEPT; do mv "/build/${name}"_*.deb /packages/; done
cd /packages
# apt finds what is in the folder by this.
dpkg-scanpackages . >Packages
