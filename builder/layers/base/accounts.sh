#!/bin/sh
# mmdebstrap essential hook: accounts that the packages would make, with numbers of our own. All
# of Debian's ways (adduser, groupadd, systemd-sysusers) leave alone what is there. $1: the rootfs.
# From the environment: STACK_PASSWD and STACK_GROUP, lines of passwd(5) and group(5).
set -eu
root=$1

printf '%s' "$STACK_PASSWD" >>"$root/etc/passwd"
printf '%s' "$STACK_GROUP" >>"$root/etc/group"
