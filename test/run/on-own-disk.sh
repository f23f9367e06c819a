#!/bin/sh
# Runs a command with /tmp and /var/tmp on a disk of its own where that spares work; elsewhere as it
# is. ext4 without a journal looks, for each file that is made, through those deleted in the last
# minute (Linux, fs/ext4/ialloc.c, recently_deleted): after two removals of a root file system the
# extraction of one takes 14 s of system time; with a journal 1.4, always.
#
# The disk is a file that has no name any more, mounted in a namespace: nothing is left of it when
# the command's last process has ended, however it ended.
#
#   on-own-disk.sh COMMAND...
set -eu

# What was given by name may lie in what would be covered.
covered() {
	case $PWD:${STACK_TEMPLATE-}:${STACK_WORK-} in
	/tmp/* | /var/tmp/* | *:/tmp/* | *:/var/tmp/*) return 0 ;;
	*) return 1 ;;
	esac
}

journal() {
	device=$(readlink "/sys/dev/block/$(stat --format=%Hd:%Ld /var/tmp)") || return 0
	[ "$(cat "/sys/fs/ext4/${device##*/}/journal_task" 2>/dev/null)" != '<none>' ]
}

if [ "${1-}" = --mounted ]; then
	shift
	disk=$(mktemp /var/tmp/stack-disk-XXXXXX)
	# What it may take is left over by others.
	if truncate --size="$(($(stat --file-system --format='%a * %S' /var/tmp) * 3 / 4))" "$disk" &&
		mkfs.ext4 -q -m 0 -E lazy_itable_init=1,lazy_journal_init=1 "$disk" &&
		mount -o loop,noatime "$disk" /tmp; then
		rmdir /tmp/lost+found
		mkdir /tmp/var
		chmod 1777 /tmp /tmp/var
		rm "$disk"
		mount --bind /tmp/var /var/tmp
	else
		rm "$disk"
	fi
	exec "$@"
fi

if [ "$(id -u)" != 0 ] || covered || journal; then exec "$@"; fi
exec unshare --mount --propagation private sh "$0" --mounted "$@"
