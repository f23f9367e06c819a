import { mkdtemp, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { readTextIfAny } from "../../lib/files.ts";
import { bringTools } from "./bring-tools.ts";
import { buildPhase } from "./build-phase.ts";
import { type Counts, sum } from "./tap-counts.ts";
import { tapPhase } from "./tap-phase.ts";

/** Builds the default template, unless STACK_TEMPLATE names one, and boots it. Containers one after the other. */
export async function containerPhase(): Promise<Counts> {
  if (process.getuid?.() !== 0) {
    return { passed: 0, failed: 0, failures: [], skipped: ["container: containers are booted by root: sudo npm test"] };
  }
  await bringTools("lxc-start", "newuidmap", "dnsmasq", "ip", "mmdebstrap", "openssl", "pip", "ps", "ssh-keygen");
  // Where the kernel has AppArmor, lxc can't do without its parser, which it only recommends.
  if ((await readTextIfAny("/sys/module/apparmor/parameters/enabled"))?.startsWith("Y")) {
    await bringTools("apparmor_parser");
  }
  const given = process.env.STACK_TEMPLATE;
  if (given !== undefined) return onTemplate(given, {});
  // The tests' own: what an earlier build has left must not be what is tested.
  const cache = await mkdtemp("/var/tmp/stack-cache-");
  try {
    const { counts, template } = await buildPhase(cache);
    if (template === undefined) return counts;
    return sum([counts, await onTemplate(template, { XDG_CACHE_HOME: cache })]);
  } finally {
    await rm(cache, { recursive: true, force: true });
  }
}

async function onTemplate(template: string, environment: Readonly<Record<string, string>>): Promise<Counts> {
  const servers = await onServersOf(template);
  const env = { ...environment, STACK_TEMPLATE: resolve(template) };
  const booted = await tapPhase(["test/container"], { jobs: 1, timeout: 1200, env });
  return sum([servers, booted]);
}

/** Tests that start servers of their own: the template's, in its root file system, without systemd. */
async function onServersOf(template: string): Promise<Counts> {
  const folder = await mkdtemp("/var/tmp/stack-servers-");
  try {
    // A namespace of its own takes its mounts along when it ends.
    const within = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "test/run/in-template.sh"];
    return await tapPhase(["test/servers"], {
      jobs: 1,
      timeout: 300,
      within: [...within, resolve(template), process.cwd(), folder],
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
