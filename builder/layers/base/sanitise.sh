#!/bin/sh
# Takes every identity, secret and trace of the build machine out of a rootfs that
# mmdebstrap has finished with. $1: the rootfs; then what the components' packages made of
# this machine: files, or FOLDER/* for all in a folder, without blanks.
set -eu
cd "$1"
shift

# Identities and secrets: each instance makes its own.
rm -f etc/ssh/ssh_host_*_key etc/ssh/ssh_host_*_key.pub
rm -f etc/ssl/private/ssl-cert-snakeoil.key etc/ssl/certs/ssl-cert-snakeoil.pem
for link in etc/ssl/certs/*; do
	if [ -L "$link" ] && [ "$(readlink "$link")" = ssl-cert-snakeoil.pem ]; then rm "$link"; fi
done
# Unquoted: /* is the shell's to read.
# shellcheck disable=SC2086
for identity in "$@"; do rm -rf .$identity; done
rm -f var/lib/systemd/random-seed var/lib/systemd/credential.secret
rm -f var/lib/dbus/machine-id
: >etc/machine-id

# The build machine's name, resolver, hosts.
rm -f etc/hostname etc/resolv.conf
printf '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n' >etc/hosts

# Logs, but not their folders: journald writes to disk only where /var/log/journal is.
find var/log -type f -delete
mkdir -p var/log/journal

# Caches and leftovers. passwd- and group- are the files as they were before the last user.
rm -rf var/lib/apt/lists/* var/cache/apt/* var/cache/debconf/*-old var/cache/ldconfig/* var/cache/man/*
rm -f var/lib/dpkg/*-old var/lib/apt/extended_states.* etc/*-
rm -rf run/* tmp/* var/tmp/*
rm -f root/.bash_history root/.wget-hsts
: >var/cache/debconf/passwords.dat
chmod 600 var/cache/debconf/passwords.dat

# Byte code that Debian's package scripts left of themselves differs from run to run, and no
# package owns it.
rm -rf usr/share/python3/debpython/__pycache__

# Debian ships some programs twice (git, redis-check-aof). One copy and a hard link: dpkg
# replaces a file by renaming, so an upgrade of one leaves the other as it is.
find . -xdev \( -path './usr/bin/*' -o -path './usr/sbin/*' -o -path './usr/lib/*' \) -type f -links 1 -size +64k -printf '%s:%m:%U:%G %p\n' |
	awk '{ lines[$1] = lines[$1] $0 "\n"; count[$1]++ }
		END { for (like in lines) if (count[like] > 1) printf "%s", lines[like] }' |
	while read -r like path; do printf '%s:%s %s\n' "$like" "$(sha256sum <"$path")" "$path"; done |
	LC_ALL=C sort |
	while read -r like _ path; do
		if [ "$like" = "${before-}" ]; then ln -f "$kept" "$path"; else before=$like kept=$path; fi
	done

# ldconfig, sysusers and the journal's catalog are as /usr wants them: without these marks
# systemd would do them all again in the first boot's first second.
: >etc/.updated
: >var/.updated

# The rules of what is not unpacked stay for later upgrades; speed at the price of a power
# cut was for this build only.
if [ -e etc/dpkg/dpkg.cfg.d/99mmdebstrap ]; then
	sed -n '/^path-/p' etc/dpkg/dpkg.cfg.d/99mmdebstrap >etc/dpkg/dpkg.cfg.d/90-slim
	[ -s etc/dpkg/dpkg.cfg.d/90-slim ] || rm etc/dpkg/dpkg.cfg.d/90-slim
	rm etc/dpkg/dpkg.cfg.d/99mmdebstrap
fi

# Debian's own sources. The build names no mirror, so mmdebstrap wrote its defaults: main,
# updates and security; here in the form that Debian itself installs.
awk '$1 == "deb" {
	sub(/\[[^]]*\] */, "")
	if (!($2 in suites)) order[++count] = $2
	suites[$2] = suites[$2] " " $3
}
END {
	for (i = 1; i <= count; i++) {
		printf "%sTypes: deb\nURIs: %s\nSuites:%s\nComponents: main\n", (i > 1 ? "\n" : ""), order[i], suites[order[i]]
		print "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg"
	}
}' etc/apt/sources.list >debian.sources
rm -f etc/apt/sources.list etc/apt/apt.conf.d/99mmdebstrap etc/apt/preferences.d/build-versions
# What a definition asks for by name stays: its updates come from there.
find etc/apt/sources.list.d -type f ! -name 'stack-*' -delete
mv debian.sources etc/apt/sources.list.d/debian.sources
