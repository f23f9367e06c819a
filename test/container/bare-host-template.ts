import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../lib/run.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";
import type { Definition } from "../../stack/definition/schema.ts";
import type { Release } from "./debian.ts";
import { fixture } from "./fixture.ts";
import { downloadWheels, wheelLock } from "./wheels.ts";

/** Debian with an init, a network as Proxmox writes it, and a way in; nothing of ours. */
const BASE = "systemd,systemd-sysv,dbus,ifupdown,isc-dhcp-client,iproute2,openssh-server,cron";

/**
 * The default stack as a plain host has it: with memcached, which it has not itself, and without a
 * compiler and what it needs, half of an installation's time. A long run has that too.
 */
export function bareHostSections(long: boolean): Partial<Definition> {
  const minimal = "name: any\nversion: 1.0.0\nmemcached: {}\nservices: {any: {port: 8001}}\n";
  return { memcached: parseDefinition(minimal, "minimal").memcached, ...(long ? {} : withoutCompiler) };
}

const withoutCompiler = { packages: ["curl"] };

/** What the package for such a host is built with. */
export function bareHostSettings({ suite }: Release, long: boolean): readonly string[] {
  const fewer = ["--set", `packages=${JSON.stringify(withoutCompiler.packages)}`];
  return ["--set", `debian=${suite}`, "--set", "memcached={}", ...(long ? [] : fewer)];
}

/** Where the machine has the packages and wheels it installs: the tests' networks reach no mirror. */
export const packagePool = "/srv/packages";
export const wheelPool = "/srv/wheels";

/**
 * A plain Debian of a release with a package source and a Python index in its own file system.
 * What is in them comes from Debian and PyPI through apt's and pip's own settings on this machine.
 */
export async function bareHostTemplate(packages: readonly string[], { suite, python }: Release): Promise<string> {
  const lay = hook(packages);
  return fixture({
    name: `bare-host-${suite}`,
    suffix: ".tar",
    inputs: [BASE, lay, await readFile(wheelLock, "utf8")].join("\n"),
    make: async (file, work) => {
      const wheels = join(work, "wheels");
      await downloadWheels(wheels, python);
      const script = join(work, "hook");
      await writeFile(script, lay, { mode: 0o755 });
      const options = [`--include=${BASE}`, `--customize-hook=${script}`, `--customize-hook=copy-in ${wheels} /srv`];
      await run("mmdebstrap", ["--quiet", "--variant=minbase", ...options, suite, file], {
        timeout: 20 * 60_000,
        install: "apt-get install mmdebstrap",
      });
    },
  });
}

/** Downloads with the chroot's apt and lays the packages out as a source of their own. */
function hook(packages: readonly string[]): string {
  return `#!/bin/sh
set -eu
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
apt-get --quiet --yes --download-only --no-install-recommends install ${packages.join(" ")}
mkdir -p "$1${packagePool}"
mv "$1"/var/cache/apt/archives/*.deb "$1${packagePool}"
cd "$1${packagePool}"
for deb in *.deb; do
	dpkg-deb --field "$deb"
	echo "Filename: ./$deb"
	echo "Size: $(stat -c %s "$deb")"
	echo "SHA256: $(sha256sum "$deb" | cut -d' ' -f1)"
	echo
done >Packages
rm -f "$1"/etc/apt/sources.list.d/*
echo "deb [trusted=yes] file:${packagePool} ./" >"$1/etc/apt/sources.list"
mkdir -p "$1/etc/uv"
printf 'no-index = true\\nfind-links = ["%s"]\\n' ${wheelPool} >"$1/etc/uv/uv.toml"
rm -f "$1"/var/lib/apt/lists/*Packages* "$1"/var/lib/apt/lists/*Release*
`;
}
