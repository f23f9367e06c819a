import { describeError } from "../lib/error.ts";
import { bringTools } from "./run/bring-tools.ts";
import { containerPhase } from "./run/container-phase.ts";
import { pythonPhase } from "./run/python-phase.ts";
import { staticPhase } from "./run/static-phase.ts";
import { type Counts, sum } from "./run/tap-counts.ts";
import { tapPhase } from "./run/tap-phase.ts";

const usage = `usage: npm test [-- PHASE ...]

Runs all tests, or only the phases named, and brings what each needs.

  static     types, lint, the rooms' import rule, shell scripts
  unit       everything that needs no root and no server
  services   the Python reference service's own tests
  container  builds the default template (or takes STACK_TEMPLATE=FILE), boots it
             unprivileged and checks each requirement from outside; needs root

Under CI=true a skipped test is a failure. Ends with a line "N passed, N failed".
Exit code 0 when nothing failed, 1 otherwise, 64 for an unknown phase.
`;

const phases: Readonly<Record<string, () => Promise<Counts>>> = {
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

async function main(wanted: readonly string[]): Promise<number> {
  if (wanted.includes("--help") || wanted.some((name) => !(name in phases))) {
    process.stderr.write(usage);
    return wanted.includes("--help") ? 0 : 64;
  }
  const all: Counts[] = [];
  for (const [name, phase] of Object.entries(phases)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const started = Date.now();
    process.stdout.write(`\n== ${name}\n`);
    const counts = await phase().catch(broken(name));
    all.push(counts);
    process.stdout.write(`== ${name}: ${line(counts)} in ${Math.round((Date.now() - started) / 1000)} s\n`);
  }
  return report(sum(all), process.env.CI === "true");
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
