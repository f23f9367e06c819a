#!/bin/sh
# Packages as they are installed here, each with a higher version, in a folder: what dpkg-repack would make. Inside
# the container.
#
#   repack.sh FOLDER SUFFIX PACKAGE...
set -eu
folder=$1
suffix=$2
shift 2
mkdir -p "$folder"
for package; do
	version=$(dpkg-query --show --showformat='${Version}' "$package")
	tree=$(mktemp -d)
	chmod 755 "$tree"
	mkdir "$tree/DEBIAN"
	dpkg-query --listfiles "$package" |
		while read -r path; do if [ ! -d "$path" ] && [ -e "$path" ]; then echo ".$path"; fi; done |
		tar -C / --create --no-recursion --files-from=- | tar -C "$tree" --extract
	for info in preinst postinst prerm postrm triggers shlibs templates config; do
		file=$(dpkg-query --control-path "$package" "$info")
		if [ -n "$file" ]; then cp -p "$file" "$tree/DEBIAN/$info"; fi
	done
	# dpkg keeps to itself where it has this list.
	dpkg-query --show --showformat='${Conffiles}\n' "$package" | sed -n 's/^ \(\/[^ ]*\) .*/\1/p' >"$tree/DEBIAN/conffiles"
	dpkg-query --status "$package" |
		awk '/^[^ ]/ { keep = !/^(Status|Conffiles|Config-Version):/ } keep' |
		# Packages of one source ask for each other's very version.
		sed -e "s/^Version: .*/&$suffix/" -e "s/(= $version)/(= $version$suffix)/g" >"$tree/DEBIAN/control"
	# What the new version of a file of settings has that was changed by hand: dpkg would ask.
	while read -r path; do echo "# $suffix" >>"$tree$path"; done <"$tree/DEBIAN/conffiles"
	dpkg-deb --root-owner-group -Znone --build "$tree" "$folder" >/dev/null
	rm -r "$tree"
done
