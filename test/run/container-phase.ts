import { glob, mkdtemp, rm, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { ensureTools } from "../../lib/host-tools.ts";
import { stderrLog } from "../../lib/log.ts";
import { run } from "../../lib/run.ts";
import { commandPhase } from "./command-phase.ts";
import { type Counts, sum } from "./tap-counts.ts";
import { tapPhase } from "./tap-phase.ts";

const tools = [
  { command: "lxc-start", package: "lxc" },
  { command: "newuidmap", package: "uidmap" },
  { command: "dnsmasq", package: "dnsmasq-base" },
  { command: "ip", package: "iproute2" },
  { command: "mmdebstrap", package: "mmdebstrap" },
  { command: "setfattr", package: "attr" },
];

/** Builds the default template, unless STACK_TEMPLATE names one, and boots it. Containers one after the other. */
export async function containerPhase(): Promise<Counts> {
  if (process.getuid?.() !== 0) {
    return { passed: 0, failed: 0, failures: [], skipped: ["container: containers are booted by root: sudo npm test"] };
  }
  await ensureTools(tools, { run, log: stderrLog, root: true });
  const given = process.env.STACK_TEMPLATE;
  const built = given === undefined ? await build() : undefined;
  if (built !== undefined && built.failed > 0) return built;
  const template = given ?? (await newest("dist/*.tar.gz"));
  const servers = await onServersOf(template);
  const booted = await tapPhase(["test/container"], { jobs: 1, timeout: 1200, env: { STACK_TEMPLATE: template } });
  return sum([...(built === undefined ? [] : [built]), servers, booted]);
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

function build(): Promise<Counts> {
  return commandPhase(
    [{ promise: "the default template is built", command: "bin/build-template", args: ["--out", "dist"] }],
    { timeout: 1_200_000, onLine: (line: string) => process.stdout.write(`  ${line}\n`) },
  );
}

async function newest(pattern: string): Promise<string> {
  const found: { path: string; time: number }[] = [];
  for await (const path of glob(pattern)) found.push({ path, time: (await stat(path)).mtimeMs });
  found.sort((a, b) => b.time - a.time);
  const path = found[0]?.path;
  if (path === undefined) throw new Error(`no ${pattern}`);
  return path;
}
