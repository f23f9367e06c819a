import { readdir } from "node:fs/promises";
import { parseArgs } from "node:util";
import { describeError } from "../lib/error.ts";
import { type Suite, suites } from "../stack/debian.ts";
import { bringTools } from "./run/bring-tools.ts";
import { containerPhase } from "./run/container-phase.ts";
import type { Extent } from "./run/extent.ts";
import { pythonPhase } from "./run/python-phase.ts";
import { report } from "./run/report.ts";
import { staticPhase } from "./run/static-phase.ts";
import { type Counts, nothingCounted, sum, type Took } from "./run/tap-counts.ts";
import { tapPhase } from "./run/tap-phase.ts";

const usage = `usage: npm test [-- [--debian=SUITE] PHASE ...]
       npm run test:long [-- [--debian=SUITE] [--cuts=N] PHASE ...]

Runs the tests, or only the phases named, and brings what each needs.

  static     types, lint, the rooms' import rule, shell scripts
  unit       everything that needs no root and no server
  services   the Python reference service's own tests
  container  builds the default template (or takes STACK_TEMPLATE=FILE), boots it
             unprivileged and checks each requirement from outside; needs root. Then the
             stack's own requirements once more on the other Debian. With --debian=bookworm
             or --debian=trixie: all of it on that one alone

test:long leaves nothing out: all of it on both Debians, every kind of damage to a server's files,
data of other accounts, a cluster of three, a lost node, a container that is replaced, alerts, Zabbix, servers
elsewhere, fifty services, LXD, disks that are full, Debian's archives through a proxy that spoils
what comes, each format built out of the other's layers, and twelve rounds of faults at random
moments in the place of eight. --cuts=60 plays sixty.

Under CI=true a skipped test is a failure. Ends with what took longest and a line
"N passed, N failed". Exit code 0 when nothing failed, 1 otherwise, 64 for an unknown phase.
`;

/** Rounds in which each fault and each place is met once; more meet more pairs of them. */
const rounds = { short: 8, long: 12 } as const;

/** Those that take longest, first: at the end no core is to wait for the other's. */
const longest = ["test/npm", "test/installer", "test/builder"];

/** Folders whose tests need a template's servers. */
const ofContainers: readonly string[] = ["container", "servers"];

const phases: Readonly<Record<string, (extent: Extent) => Promise<Counts>>> = {
  static: staticPhase,
  unit: async () => {
    await bringTools(
      "amtool",
      "chromium",
      "git",
      "gpg",
      "gpg-agent",
      "python3",
      "pip",
      "mmdebstrap",
      "newuidmap",
      "openssl",
      "patchelf",
      "promtool",
      "ps",
      "ssh-keygen",
      "sshd",
      "xz",
      "zstd",
    );
    const folders = (await readdir("test", { withFileTypes: true })).filter((entry) => entry.isDirectory());
    const places = folders.filter(({ name }) => !ofContainers.includes(name)).map(({ name }) => `test/${name}`);
    // Three at once: a third of the time they wait for something else than a core.
    return tapPhase([...longest, ...places], { jobs: 3 });
  },
  services: pythonPhase,
  container: containerPhase,
};

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(argv);
  const { help = false, long = false, debian } = values;
  const cuts = Number(values.cuts ?? rounds[long ? "long" : "short"]);
  if (help || positionals.some((name) => !(name in phases)) || !isSuite(debian) || !(cuts >= 1 && cuts % 1 === 0)) {
    process.stderr.write(usage);
    return help ? 0 : 64;
  }
  const all: Counts[] = [];
  const took: Took[] = [];
  for (const [name, phase] of Object.entries(phases)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const started = Date.now();
    process.stdout.write(`\n== ${name}\n`);
    const counts = await phase({ debian, long, cuts }).catch(broken(name));
    all.push(counts);
    took.push({ what: name, seconds: (Date.now() - started) / 1000 });
    process.stdout.write(`== ${name}: ${line(counts)}\n`);
  }
  const { text, good } = report(sum(all), took, process.env.CI === "true");
  process.stdout.write(text);
  return good ? 0 : 1;
}

/** What is not understood is no phase's name. */
function readArguments(argv: readonly string[]) {
  const options = {
    debian: { type: "string" },
    long: { type: "boolean" },
    cuts: { type: "string" },
    help: { type: "boolean" },
  } as const;
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch {
    return { values: {} as { [K in keyof typeof options]?: undefined }, positionals: [...argv] };
  }
}

function isSuite(name: string | undefined): name is Suite | undefined {
  return name === undefined || suites.some((suite) => suite === name);
}

/** A phase that could not even be run is a failure like another, told like one. */
function broken(name: string): (error: unknown) => Counts {
  return (error) => {
    process.stdout.write(`${describeError(error)}\n`);
    return { ...nothingCounted, failed: 1, failures: [`${name}: could not be run`] };
  };
}

function line(counts: Counts): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped.length} skipped`;
}

process.exitCode = await main(process.argv.slice(2));
