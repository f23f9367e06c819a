import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { readCommandLine } from "../../lib/cli/command-line.ts";
import { describeError } from "../../lib/error.ts";
import { bringTools } from "../run/bring-tools.ts";
import { buildOnce } from "../run/build-once.ts";
import { drawRound } from "./draw-round.ts";
import { resultsDocument, table } from "./table.ts";

const help = `
Each round boots a fresh container, or a copy of one that has data, and lets one fault happen
at one moment, both drawn from the seed: kill -9 of the agent or of a server, a power cut, two
of them, a shutdown. Then nobody lays a hand on it. It must end healthy by the test's own
clients, with nothing left to do, every secret there with the value it had, nothing half made
left behind, and all data kept. A round that fails tells what the container said, and how to
repeat it alone.

Progress goes to standard error as TAP, the table (or with --json one object) to standard
output. Needs root, lxc and uidmap. About half a minute a round.

Examples:
  npm run cuts -- --seed 7 --rounds 60            # sixty rounds
  npm run cuts -- --seed 7 --from 20 --rounds 20  # the second twenty of them
  npm run cuts -- --seed 7 --round 23             # one of them alone

Exit codes: 0 every round went well, 1 one failed, 64 usage.
`;

interface Flags {
  readonly seed: number;
  readonly rounds: number;
  readonly from: number;
  readonly round?: number;
  readonly template?: string;
  readonly json?: true;
}

async function main(argv: readonly string[]): Promise<number> {
  const program = new Command("npm run cuts --")
    .description("Kills processes and cuts the power at random moments of first boots, and proves that each recovers.")
    .addOption(
      new Option("--seed <n>", "what faults and moments follow from")
        .argParser(whole)
        .default(Date.now() % 100_000, "another each time"),
    )
    .addOption(new Option("--rounds <n>", "how many rounds").argParser(whole).default(12))
    .addOption(new Option("--from <n>", "the first round's number").argParser(whole).default(0))
    .addOption(new Option("--round <n>", "this round alone").argParser(whole).conflicts(["rounds", "from"]))
    .option("--template <file>", "the template (default: built, out of the cache where it can be)")
    .option("--json", "print the results as one JSON object")
    .addHelpText("after", help);
  const ended = readCommandLine(program, argv);
  if (ended !== undefined) return ended;
  const flags = program.opts<Flags>();
  await bringTools("lxc-start", "newuidmap", "dnsmasq", "ip", "mmdebstrap", "openssl", "ssh-keygen");
  if (flags.template !== undefined) return rounds(resolve(flags.template), flags);
  const folder = await mkdtemp(join(tmpdir(), "stack-cuts-"));
  try {
    const builder = resolve(import.meta.dirname, "../../bin/build-template");
    const { template } = await buildOnce([builder, "--format", "zst", "--out", folder], process.stderr);
    return await rounds(template, flags);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function rounds(template: string, { seed, from, round, rounds: count, json }: Flags): Promise<number> {
  const numbers = round === undefined ? Array.from({ length: count }, (_, index) => from + index) : [round];
  process.stderr.write(`seed ${seed}, rounds ${numbers.join(" ")}\n`);
  const { playRounds } = await import("./play-rounds.ts");
  const results = await playRounds(
    template,
    numbers.map((number) => drawRound(seed, number)),
  );
  process.stdout.write(
    json ? `${JSON.stringify(resultsDocument(seed, results), undefined, 2)}\n` : `\n${table(results)}`,
  );
  return results.length === numbers.length && results.every(({ passed }) => passed) ? 0 : 1;
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("It must be a whole number, 0 or more.");
  return value;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${describeError(error)}\n`);
    process.exitCode = 1;
  },
);
