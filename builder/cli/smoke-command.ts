import { resolve } from "node:path";
import { Command, Option } from "commander";
import { carryOut, readCommandLine, secondsArgument, writeJson } from "../../lib/cli/command-line.ts";
import { interruptible } from "../../lib/cli/interruptible.ts";
import { ExitCode } from "../../lib/error.ts";
import { plainProgress } from "../../lib/progress/plain.ts";
import { assertSmokeCanRun, defaultPatience, smoke } from "../smoke/smoke.ts";
import { stackOfTemplate } from "../smoke/stack-of-template.ts";
import { smokeText } from "./smoke-text.ts";

const help = `
Extracts the template as pct create does and boots it as an unprivileged container with the
cores, memory and nesting that its stack names, in a network of its own. Healthy is what the
agent inside says is, and what answers 200 on every /health from outside. Then the container
is thrown away, after a failure and Ctrl-C too. It needs root, Debian's lxc, uidmap and
dnsmasq-base, and some 1.5 GB in TMPDIR (/tmp).

Examples:
  sudo build-template smoke dist/debian-12-stock-analysis_1.0.0-3f2a91bc_amd64.tar.gz
  sudo build-template --smoke                  build, then the same

Exit codes: 0 healthy, 1 not healthy (its status and last errors are shown), 2 degraded,
64 unknown option or no template, 69 containers can't be run on this machine, 130 Ctrl-C.
`;

/** `build-template smoke TEMPLATE`. @returns the exit code */
export async function smokeCommand(argv: readonly string[]): Promise<number> {
  const command = new Command("build-template smoke")
    .description("Boots a template, waits until it is healthy, shows the times and throws the container away.")
    .argument("<TEMPLATE>", "a template of build-template's")
    .addOption(
      new Option("--timeout <seconds>", "how long it may take to become healthy")
        .argParser(secondsArgument)
        .default(defaultPatience),
    )
    .option("--json", "print the times, or the error, as one JSON object")
    .addHelpText("after", help);
  const ended = readCommandLine(command, argv);
  if (ended !== undefined) return ended;
  const { json, timeout: patience } = command.opts<{ readonly json?: true; readonly timeout: number }>();
  const progress = plainProgress((line) => process.stderr.write(`${line}\n`));
  return carryOut(json === true, () =>
    interruptible(async (signal) => {
      const template = resolve(command.args[0] ?? "");
      const model = await stackOfTemplate(template, signal);
      await assertSmokeCanRun(progress.log);
      const document = await smoke({ template, model, patience }, progress, signal);
      if (json) writeJson(document);
      else process.stdout.write(smokeText(document));
      return document.status === "degraded" ? ExitCode.degraded : 0;
    }),
  );
}
