import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { exists } from "../../lib/files.ts";
import { run } from "../../lib/run.ts";
import { debian } from "./debian.ts";
import { downloadWheels, wheelLock } from "./wheels.ts";

/** Debian with an init, a network as Proxmox writes it, and a way in; nothing of ours. */
const BASE = "systemd,systemd-sysv,dbus,ifupdown,isc-dhcp-client,iproute2,openssh-server,cron";

/** Where the machine has the packages and wheels it installs: the tests' networks reach no mirror. */
export const packagePool = "/srv/packages";
export const wheelPool = "/srv/wheels";

/**
 * A plain Debian of the release under test with a package source and a Python index in its own file system; made
 * once and kept in the cache folder. What is in them comes from Debian and PyPI through
 * apt's and pip's own settings on this machine.
 */
export async function bareHostTemplate(packages: readonly string[]): Promise<string> {
  const inputs = [debian.suite, BASE, ...packages, hook(packages), await readFile(wheelLock, "utf8")].join("\n");
  const key = createHash("sha256").update(inputs).digest("hex").slice(0, 8);
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "proxmox-stack", "test");
  const template = join(folder, `bare-host-${key}.tar`);
  if (await exists(template)) return template;
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, "making-"));
  try {
    const wheels = join(work, "wheels");
    await downloadWheels(wheels);
    const script = join(work, "hook");
    await writeFile(script, hook(packages), { mode: 0o755 });
    const made = join(work, "made.tar");
    const options = [`--include=${BASE}`, `--customize-hook=${script}`, `--customize-hook=copy-in ${wheels} /srv`];
    await run("mmdebstrap", ["--quiet", "--variant=minbase", ...options, debian.suite, made], {
      timeout: 20 * 60_000,
      install: "apt-get install mmdebstrap",
    });
    await rename(made, template);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return template;
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
