#!/bin/sh
# Runs the tests named in a template's own root file system, so that they meet the very
# servers the stack runs, and nothing is installed on this machine. Needs root.
#   in-template.sh TEMPLATE PROJECT FOLDER COMMAND ARG ...
set -eu
template=$1 project=$2 folder=$3
shift 3
tar --extract --file "$template" --directory "$folder" --numeric-owner --xattrs --xattrs-include='*' --exclude='./dev/*'
mount --make-rslave /
mount -t proc proc "$folder/proc"
mount --rbind /dev "$folder/dev"
mount -t tmpfs -o mode=1777 tmpfs "$folder/tmp"
mount -t tmpfs -o mode=0755 tmpfs "$folder/run"
mount --bind "$project" "$folder/mnt"
exec chroot "$folder" env --chdir=/mnt PATH="/mnt/node_modules/.bin:/usr/sbin:/usr/bin:/sbin:/bin" HOME=/root LANG=C.UTF-8 "$@"
