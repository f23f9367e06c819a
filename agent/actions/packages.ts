import { rm } from "node:fs/promises";
import { exists, writeFileAtomic } from "../../lib/files.ts";
import type { Executors, Io } from "../engine/action.ts";

const POLICY = "/usr/sbin/policy-rc.d";
const INSTALL_TIMEOUT = 60 * 60_000;

const quiet = { DEBIAN_FRONTEND: "noninteractive", APT_LISTCHANGES_FRONTEND: "none" } as const;
const options = [
  "--yes",
  "--quiet",
  "--no-install-recommends",
  "--option=DPkg::Lock::Timeout=300",
  // The files of the table are ours: dpkg keeps them and does not ask.
  "--option=Dpkg::Options::=--force-confdef",
  "--option=Dpkg::Options::=--force-confold",
];

export const installPackages: Executors["installPackages"] = {
  lock: "dpkg",
  describe: ({ packages }) => packages.join(" "),
  async apply({ packages }, io) {
    const env = { ...process.env, ...quiet };
    await withoutStarts(async () => {
      await io.run("apt-get", ["--quiet", "--option=DPkg::Lock::Timeout=300", "update"], {
        env,
        timeout: INSTALL_TIMEOUT,
      });
      await io.run("apt-get", [...options, "install", "--", ...packages], { env, timeout: INSTALL_TIMEOUT });
    }, io);
  },
};

/** Packages start their servers with their own configuration, on the ports of ours; not while we install. */
async function withoutStarts(install: () => Promise<void>, io: Io): Promise<void> {
  if (await exists(POLICY)) {
    io.log("info", `${POLICY} is there already and is left as it is`);
    await install();
    return;
  }
  await writeFileAtomic(POLICY, policyText(process.pid), { mode: 0o755 });
  try {
    await install();
  } finally {
    await rm(POLICY, { force: true });
  }
}

/**
 * Debian's invoke-rc.d policy (/usr/share/doc/init-system-helpers/README.policy-rc.d.gz):
 * 101 forbids. Without effect once the process is gone, so that no crash of ours keeps the
 * machine's services down.
 */
export function policyText(pid: number): string {
  return `#!/bin/sh
# Written by stack-agent while it installs packages; safe to remove.
if kill -0 ${pid} 2>/dev/null; then exit 101; fi
exit 0
`;
}
