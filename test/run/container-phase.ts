import { mkdtemp, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { readTextIfAny } from "../../lib/files.ts";
import type { Suite } from "../../stack/debian.ts";
import { bringTools } from "./bring-tools.ts";
import { buildOnce } from "./build-once.ts";
import { buildPhase } from "./build-phase.ts";
import { type Counts, sum } from "./tap-counts.ts";
import { tapPhase } from "./tap-phase.ts";

/** What of test/container is about what a Debian brings, and so is run on the other one too. */
const ofEachDebian = ["stack", "template", "drift", "confinement"].map((name) => `test/container/${name}.test.ts`);

/**
 * Builds the default template, unless STACK_TEMPLATE names one, and boots it. Containers one
 * after the other. Without `only` all tests run on the default stack's Debian, and those that
 * depend on it on the other one as well.
 */
export async function containerPhase(only?: Suite): Promise<Counts> {
  if (process.getuid?.() !== 0) {
    return { passed: 0, failed: 0, failures: [], skipped: ["container: containers are booted by root: sudo npm test"] };
  }
  await bringTools(
    "lxc-start",
    "newuidmap",
    "dnsmasq",
    "ip",
    "mmdebstrap",
    "openssl",
    "pip",
    "ps",
    "ssh-keygen",
    "sshd",
  );
  // Where the kernel has AppArmor, lxc can't do without its parser, which it only recommends.
  if ((await readTextIfAny("/sys/module/apparmor/parameters/enabled"))?.startsWith("Y")) {
    await bringTools("apparmor_parser");
  }
  const given = process.env.STACK_TEMPLATE;
  if (given !== undefined) return onTemplate(given, {});
  // The tests' own: what an earlier build has left must not be what is tested.
  const cache = await mkdtemp("/var/tmp/stack-cache-");
  try {
    const env = { XDG_CACHE_HOME: cache };
    if (only !== undefined && only !== "bookworm") return onTemplate(await templateOf(only, cache), env);
    const { counts, template } = await buildPhase(cache);
    if (template === undefined) return counts;
    const whole = sum([counts, await onTemplate(template, env)]);
    if (only !== undefined) return whole;
    return sum([whole, await onTemplate(await templateOf("trixie", cache), env, ofEachDebian)]);
  } finally {
    await rm(cache, { recursive: true, force: true });
  }
}

/** The default stack's template on another Debian. */
async function templateOf(debian: Suite, cache: string): Promise<string> {
  const command = ["env", `XDG_CACHE_HOME=${cache}`, resolve("bin/build-template"), "--set", `debian=${debian}`];
  const { template } = await buildOnce([...command, "--format", "zst", "--out", resolve("dist")]);
  return template;
}

async function onTemplate(
  template: string,
  environment: Readonly<Record<string, string>>,
  tests: readonly string[] = ["test/container"],
): Promise<Counts> {
  const servers = await onServersOf(template);
  const env = { ...environment, STACK_TEMPLATE: resolve(template) };
  const booted = await tapPhase(tests, { jobs: 1, timeout: 1200, env });
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
