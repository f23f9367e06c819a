#!/bin/sh
# mmdebstrap customize hook: what packages can't be told beforehand. $1: the rootfs.
# From the environment: STACK_LOCALE, STACK_TIMEZONE, STACK_SYSUSERS (text of a sysusers.d
# file), STACK_DISABLED (units, separated by spaces).
set -eu
root=$1

echo "$STACK_LOCALE UTF-8" >"$root/etc/locale.gen"
# A folder of its own, not the archive that only a spawned `locale -a` can look into.
chroot "$root" localedef --no-archive -i "${STACK_LOCALE%.*}" -f UTF-8 "$STACK_LOCALE"

ln -sf "/usr/share/zoneinfo/$STACK_TIMEZONE" "$root/etc/localtime"
echo "$STACK_TIMEZONE" >"$root/etc/timezone"
[ -e "$root/usr/share/zoneinfo/$STACK_TIMEZONE" ] || {
	echo "unknown time zone $STACK_TIMEZONE" >&2
	exit 1
}

# An upgrade asks no question, on a terminal neither; DEBIAN_FRONTEND=dialog has them asked.
echo 'debconf debconf/frontend select Noninteractive' | chroot "$root" debconf-set-selections

printf '%s\n' "$STACK_SYSUSERS" | chroot "$root" systemd-sysusers -

# A container's first boot only ever enables: what must stay off is disabled here. One call
# a unit: a definition may name units that its packages don't bring.
for unit in $STACK_DISABLED; do
	chroot "$root" systemctl disable --quiet "$unit" 2>/dev/null || :
done
