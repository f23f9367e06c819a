import { mkdtemp, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { readTextIfAny } from "../../lib/files.ts";
import type { Suite } from "../../stack/debian.ts";
import { fixturesFolder } from "../container/fixture.ts";
import { beside, quietly } from "./beside.ts";
import { bringTools } from "./bring-tools.ts";
import { buildOnce } from "./build-once.ts";
import { type Builds, firstBuilds, laterBuilds, rootTo } from "./builds.ts";
import type { Extent } from "./extent.ts";
import { makeFixtures, makeLayersAhead } from "./make-ahead.ts";
import { prover, type Terminal } from "./prove.ts";
import { type Counts, nothingCounted, sum } from "./tap-counts.ts";
import { type TapOptions, tapPhase } from "./tap-phase.ts";
import { withExtracted } from "./with-extracted.ts";

const file = (name: string): string => `test/container/${name}.test.ts`;

/** What a run of every day leaves out: slow, and about things that seldom change. */
const longOnes = [
  "alerts",
  "cluster/cluster",
  "cluster/membership",
  "cluster/postgres",
  "damaged-rabbitmq",
  "disk-full",
  "external",
  "fifty",
  "image",
  "incus",
  "layers",
  "lost-node",
  "mirror",
  "owners",
  "replace",
  "zabbix",
].map(file);

/** Those that boot nothing and wait for nothing: they are run beside the others. */
const bootNothing = ["build-failure", "template"].map(file);

/** One that looks at all of the machine's containers: no other is there meanwhile. */
const alone = file("lxc");

/** Those that take longest, first: at the end no core is to wait for the other's. */
const longest = ["drift", "deploy", "damaged-files", "secrets", "health", "cuts", "stack", "upgrade", "logs"].map(file);

/** Those that build: they come when their layers are there already. */
const builders = ["bare-host", "own-stack"].map(file);

/** What of the rest is about what a Debian brings, and so is run on the other one too. */
const ofEachDebian = ["stack", "template", "confinement"].map(file);

/** The tests' own cache, and where what they need is. */
type Environment = Readonly<Record<string, string>>;

/**
 * Builds the default template, unless STACK_TEMPLATE names one, and boots it: two test files at
 * once, each with containers and a network of its own, and builds that nobody waits for beside
 * them. Without `debian` all tests run on the default stack's Debian, and those that depend on it
 * on the other one as well.
 */
export async function containerPhase(extent: Extent): Promise<Counts> {
  if (process.getuid?.() !== 0) {
    return { ...nothingCounted, skipped: ["container: containers are booted by root: sudo npm test"] };
  }
  await bringAllTools();
  const played = { STACK_CUTS: String(extent.cuts), STACK_LONG: String(extent.long) };
  const given = process.env.STACK_TEMPLATE;
  if (given !== undefined) return onTemplate(given, played, extent);
  // The tests' own: what an earlier build has left must not be what is tested.
  const cache = await mkdtemp("/var/tmp/stack-cache-");
  const environment = { ...played, XDG_CACHE_HOME: cache, STACK_FIXTURES: fixturesFolder() };
  try {
    if (extent.debian === undefined || extent.debian === "bookworm") return await onDefault(cache, environment, extent);
    const own = prover(process.stdout);
    const template = await templateOf(extent.debian, { prover: own, terminal: process.stdout, cache });
    if (template === undefined) return own.counts();
    return sum([own.counts(), await onTemplate(template, environment, extent)]);
  } finally {
    await rm(cache, { recursive: true, force: true });
  }
}

async function bringAllTools(): Promise<void> {
  await bringTools(
    "lxc-start",
    "newuidmap",
    "dnsmasq",
    "ip",
    "mmdebstrap",
    "openssl",
    "pip",
    "promtool",
    "ps",
    "ssh-keygen",
    "sshd",
    "zstd",
  );
  // Where the kernel has AppArmor, lxc can't do without its parser, which it only recommends.
  if ((await readTextIfAny("/sys/module/apparmor/parameters/enabled"))?.startsWith("Y")) {
    await bringTools("apparmor_parser");
  }
}

async function onDefault(cache: string, environment: Environment, extent: Extent): Promise<Counts> {
  const first = prover(process.stdout);
  // mmdebstrap leaves a core to others most of the time.
  const [gz] = await Promise.all([
    firstBuilds({ prover: first, terminal: process.stdout, cache }),
    makeFixtures(process.stdout, extent),
  ]);
  if (gz === undefined) return first.counts();
  const builds = beside(async (terminal) => {
    const own: Builds = { prover: prover(terminal), terminal, cache, within: quietly };
    await makeLayersAhead(own, extent);
    const env = { ...environment, STACK_TEMPLATE: gz.template };
    const files = await tapPhase(bootNothing, { jobs: 1, timeout: 1200, terminal, env, within: quietly });
    await laterBuilds(own, gz, extent.long);
    const other = extent.debian === undefined ? await templateOf("trixie", own) : undefined;
    return { counts: sum([files, own.prover.counts()]), other };
  });
  const booted = await onTemplate(gz.template, environment, extent, { without: bootNothing }).finally(builds.end);
  const { counts, other } = await builds.result;
  const all = [first.counts(), counts, booted];
  if (other !== undefined) {
    all.push(await onTemplate(other, environment, extent, extent.long ? {} : { tests: ofEachDebian }));
  }
  return sum(all);
}

/** The default stack's template on another Debian. */
function templateOf(debian: Suite, { prover: { prove }, terminal, cache, within = [] }: Builds) {
  return prove(`root builds the default stack's template on ${debian}`, async () => {
    const command = [...within, ...rootTo(cache, resolve("dist")), "--set", `debian=${debian}`, "--format", "zst"];
    return (await buildOnce(command, terminal)).template;
  });
}

interface Chosen {
  /** Default: all of test/container, in a long run the long ones too. */
  readonly tests?: readonly string[];
  readonly without?: readonly string[];
}

async function onTemplate(
  template: string,
  environment: Environment,
  { long }: Extent,
  { tests, without = [] }: Chosen = {},
): Promise<Counts> {
  const env = { ...environment, STACK_TEMPLATE: resolve(template) };
  const boot = (places: readonly string[], options: TapOptions): Promise<Counts> =>
    tapPhase(places, { timeout: 1200, ...options, env: { ...env, ...options.env } });
  const first =
    tests === undefined
      ? await besideServers(template, (terminal) => boot([alone], { jobs: 1, terminal }))
      : nothingCounted;
  const booted = await withExtracted(template, async (extracted) => {
    const over = { env: extracted === undefined ? {} : { STACK_EXTRACTED: extracted } };
    if (tests !== undefined) {
      const one = (terminal: Terminal) => boot(tests.slice(0, 1), { ...over, jobs: 1, terminal });
      return besideServers(template, one, () => boot(tests.slice(1), { ...over, jobs: 1 }));
    }
    const left = [...without, alone, ...longOnes];
    const others = await boot([...longest, ...builders, "test/container"], { ...over, without: left });
    return long ? sum([others, await boot(longOnes, { ...over, jobs: 1 })]) : others;
  });
  return sum([first, booted]);
}

/** Some tests on one core, told of once all has ended; a template's servers, and what comes after, on the other. */
async function besideServers(
  template: string,
  tests: (terminal: Terminal) => Promise<Counts>,
  after: () => Promise<Counts> = async () => nothingCounted,
): Promise<Counts> {
  const aside = beside(tests);
  const others = async (): Promise<Counts> => sum([await onServersOf(template), await after()]);
  const counts = await others().finally(aside.end);
  return sum([counts, await aside.result]);
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
