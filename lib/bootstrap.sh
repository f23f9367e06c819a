# shellcheck shell=sh
# Sourced by the launchers in bin/. Sets $root and $node, and defines program_of. In a
# checkout it brings what is lacking, npm packages with their own Node among them: all it
# needs is npm. Where npm installed this as a package, all is there.
root=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
# Root's programs, where a plain su left them out.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH
# Node keeps what it has compiled, with the types taken out: half a second and 25 MB saved a run.
[ -z "${XDG_CACHE_HOME:-${HOME:-}}" ] ||
	export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/proxmox-stack/compiled}"

# The Node package of this platform.
node_package() {
	case $(uname -m) in x86_64 | amd64) arch=x64 ;; aarch64 | arm64) arch=arm64 ;; *) arch=none ;; esac
	echo "node-$(uname -s | tr '[:upper:]' '[:lower:]')-$arch"
}

# npm 9 takes the link away with the packages of other platforms, which bring a "node" too.
link_node() {
	binary=$(node_package)/bin/node
	[ ! -x "node_modules/$binary" ] || ln -sf "../$binary" node_modules/.bin/node
}

prepare_checkout() {
	node=$root/node_modules/.bin/node
	stamp=$root/node_modules/.stack-lock
	if cmp -s "$root/package-lock.json" "$stamp" && [ -x "$node" ]; then return 0; fi
	if ! command -v npm >/dev/null 2>&1; then
		echo "error: npm is not installed [missing-tool]" >&2
		echo "hint:  sudo apt-get install npm" >&2
		exit 1
	fi
	echo "Installing npm packages (once per checkout) ..." >&2
	# npm install, not npm ci: ci fails where a registry lacks another platform's optional
	# package. --no-save leaves the lock file alone. One launcher installs at a time.
	if ! (
		flock 9
		cd "$root" || exit 1
		if ! cmp -s package-lock.json "$stamp" || [ ! -x "$node" ]; then
			npm install --no-save --ignore-scripts --loglevel=error --no-progress >&2 &&
				link_node && cp package-lock.json "$stamp"
		fi
	) 9>>"$root/.npm-install.lock"; then
		echo "error: npm install failed [npm-install]" >&2
		echo "hint:  see the lines above; behind a proxy, set npm's cafile and proxy" >&2
		exit 1
	fi
}

# npm puts a package's own packages below it, or beside it where it is one of several.
find_package_node() {
	binary=node_modules/$(node_package)/bin/node
	node=$root/$binary
	folder=$root
	while [ "$folder" != / ]; do
		if [ -x "$folder/$binary" ]; then
			node=$folder/$binary
			return 0
		fi
		folder=$(dirname -- "$folder")
	done
}

# npm packs no package-lock.json: where one is, this is a checkout.
if [ -e "$root/package-lock.json" ]; then prepare_checkout; else find_package_node; fi
if [ ! -x "$node" ]; then
	echo "error: there is no Node for this platform in node_modules [missing-node]" >&2
	echo "hint:  Linux and macOS on x64 and arm64 have one; elsewhere install Node 24 and link it to $node" >&2
	exit 1
fi

# program_of NAME SOURCE: prints the file to run, bundled in a package, the source in a checkout.
program_of() {
	if [ -e "$root/package-lock.json" ]; then echo "$root/$2"; else echo "$root/bundled/$1.js"; fi
}
