#!/bin/sh
# Every shell script that git knows: by suffix, or by its first line.
set -eu
# A checkout may be somebody else's.
files=$(git -c safe.directory="$PWD" ls-files)
printf '%s\n' "$files" | while read -r file; do
	case $file in
	*.sh) echo "$file" ;;
	*.ts | *.md | *.json | *.yaml | *.lock | *.py | *.ejs) ;;
	*) if [ -f "$file" ] && head -n 1 "$file" | grep -Eq '^#!/bin/(ba)?sh'; then echo "$file"; fi ;;
	esac
done | xargs shellcheck -x
