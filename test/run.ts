import { parseArgs } from "node:util";
import { describeError } from "../lib/error.ts";
import { type Suite, suites } from "../stack/debian.ts";
import { bringTools } from "./run/bring-tools.ts";
import { containerPhase } from "./run/container-phase.ts";
import { pythonPhase } from "./run/python-phase.ts";
import { staticPhase } from "./run/static-phase.ts";
import { type Counts, sum } from "./run/tap-counts.ts";
import { tapPhase } from "./run/tap-phase.ts";

const usage = `usage: npm test [-- [--debian=SUITE] PHASE ...]

Runs all tests, or only the phases named, and brings what each needs.

  static     types, lint, the rooms' import rule, shell scripts
  unit       everything that needs no root and no server
  services   the Python reference service's own tests
  container  builds the default template (or takes STACK_TEMPLATE=FILE), boots it
             unprivileged and checks each requirement from outside; needs root. Then the
             stack's own requirements once more on the other Debian. With --debian=bookworm
             or --debian=trixie: all of it on that one alone

Under CI=true a skipped test is a failure. Ends with a line "N passed, N failed".
Exit code 0 when nothing failed, 1 otherwise, 64 for an unknown phase.
`;

const phases: Readonly<Record<string, (only: Suite | undefined) => Promise<Counts>>> = {
  static: staticPhase,
  unit: async () => {
    await bringTools(
      "git",
      "gpg",
      "gpg-agent",
      "python3",
      "pip",
      "mmdebstrap",
      "newuidmap",
      "openssl",
      "ps",
      "ssh-keygen",
      "sshd",
      "xz",
      "zstd",
    );
    return tapPhase([
      "test/lib",
      "test/stack",
      "test/builder",
      "test/agent",
      "test/installer",
      "test/node",
      "test/rootfs-overlay",
      "test/npm",
      "test/bench",
      "test/cuts",
    ]);
  },
  services: pythonPhase,
  container: containerPhase,
};

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(argv);
  if (values.help === true || positionals.some((name) => !(name in phases)) || !isSuite(values.debian)) {
    process.stderr.write(usage);
    return values.help === true ? 0 : 64;
  }
  const all: Counts[] = [];
  for (const [name, phase] of Object.entries(phases)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const started = Date.now();
    process.stdout.write(`\n== ${name}\n`);
    const counts = await phase(values.debian).catch(broken(name));
    all.push(counts);
    process.stdout.write(`== ${name}: ${line(counts)} in ${Math.round((Date.now() - started) / 1000)} s\n`);
  }
  return report(sum(all), process.env.CI === "true");
}

/** What is not understood is no phase's name. */
function readArguments(argv: readonly string[]): {
  readonly values: { readonly debian?: string | undefined; readonly help?: boolean | undefined };
  readonly positionals: readonly string[];
} {
  const options = { debian: { type: "string" }, help: { type: "boolean" } } as const;
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch {
    return { values: {}, positionals: [...argv] };
  }
}

function isSuite(name: string | undefined): name is Suite | undefined {
  return name === undefined || suites.some((suite) => suite === name);
}

/** A phase that could not even be run is a failure like another, told like one. */
function broken(name: string): (error: unknown) => Counts {
  return (error) => {
    process.stdout.write(`${describeError(error)}\n`);
    return { passed: 0, failed: 1, skipped: [], failures: [`${name}: could not be run`] };
  };
}

function report(counts: Counts, strict: boolean): number {
  const failed = counts.failed + (strict ? counts.skipped.length : 0);
  process.stdout.write("\n");
  for (const skipped of counts.skipped) process.stdout.write(`skipped: ${skipped}\n`);
  for (const failure of counts.failures) process.stdout.write(`failed:  ${failure}\n`);
  process.stdout.write(`${counts.passed} passed, ${failed} failed\n`);
  return failed === 0 && counts.passed > 0 ? 0 : 1;
}

function line(counts: Counts): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped.length} skipped`;
}

process.exitCode = await main(process.argv.slice(2));
