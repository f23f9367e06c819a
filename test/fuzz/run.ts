import { Command, InvalidArgumentError, Option } from "commander";
import { readCommandLine } from "../../lib/cli/command-line.ts";
import { describeError, ExitCode } from "../../lib/error.ts";
import { keepInput, playRounds } from "./play.ts";
import { targets } from "./targets.ts";

const help = `
Each round makes an input out of good ones, by changes drawn from the seed, and gives it to a
parser of what comes from elsewhere: a stack.yaml, an archive, an answer of a node, a request.
The parser must take it, or refuse it with an error that has a code, and that soon. An input
that is met otherwise is kept in test/fuzz/corpus, whose inputs every test run plays.

Targets: ${targets.map(({ name }) => name).join(", ")}

Examples:
  npm run fuzz -- --seed 7 --rounds 100000
  npm run fuzz -- --seed 7 stack-yaml request

Exit codes: 0 every input was met well, 1 one was not, 64 usage.
`;

async function main(argv: readonly string[]): Promise<number> {
  const program = new Command("npm run fuzz --")
    .description("Gives parsers of foreign input what they don't expect.")
    .argument("[target...]", "these alone")
    .addOption(
      new Option("--seed <n>", "what inputs follow from")
        .argParser(whole)
        .default(Date.now() % 100_000, "another each time"),
    )
    .addOption(new Option("--rounds <n>", "inputs a target").argParser(whole).default(20_000))
    .addHelpText("after", help);
  const ended = readCommandLine(program, argv);
  if (ended !== undefined) return ended;
  const { seed, rounds } = program.opts<{ seed: number; rounds: number }>();
  const unknown = program.args.find((name) => !targets.some((target) => target.name === name));
  if (unknown !== undefined) {
    process.stderr.write(`error: there is no target ${unknown}\n`);
    return ExitCode.usage;
  }
  process.stderr.write(`seed ${seed}\n`);
  let failed = false;
  for (const target of targets) {
    if (program.args.length > 0 && !program.args.includes(target.name)) continue;
    const began = Date.now();
    let played = 0;
    const telling = setInterval(() => process.stderr.write(`${target.name}: ${played} inputs\n`), 10_000);
    const faults = await playRounds(target, { seed, rounds, onRound: () => (played += 1) });
    clearInterval(telling);
    await target.close?.();
    failed ||= faults.length > 0;
    process.stdout.write(`${faults.length === 0 ? "well  " : "FAULTS"} ${target.name}: ${played} inputs, `);
    process.stdout.write(`${((Date.now() - began) / 1000).toFixed(1)} s\n`);
    for (const { input, what } of faults) {
      process.stdout.write(
        `  ${await keepInput(target.name, input)}\n  ${what.split("\n").slice(0, 6).join("\n  ")}\n`,
      );
    }
  }
  return failed ? ExitCode.failed : 0;
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
