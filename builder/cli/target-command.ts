import { Command } from "commander";
import { carryOut, readCommandLine, writeJson } from "../../lib/cli/command-line.ts";
import { interruptible } from "../../lib/cli/interruptible.ts";
import { plainProgress } from "../../lib/progress/plain.ts";
import { projectFolder as project } from "../../lib/project-folder.ts";
import { build } from "../build/build.ts";
import { describePlan } from "../build/describe-plan.ts";
import type { Target } from "../build/target.ts";
import { buildOptions } from "./build-options.ts";
import { planText } from "./plan-text.ts";
import { cacheLimitOption, setOption } from "./set-option.ts";

interface TargetFlags {
  readonly out: string;
  readonly offline?: true;
  readonly set?: readonly string[];
  readonly cacheLimit?: number;
  readonly plan?: true;
  readonly json?: true;
}

/** `build-template NAME [STACK.yaml]`. @returns the exit code */
export async function targetCommand(target: Target, argv: readonly string[]): Promise<number> {
  const { name, help, options = () => [] } = target;
  const command = new Command(`build-template ${name}`)
    .description(help.before)
    .argument("[STACK.yaml]", "the stack definition (default: stack/stock-analysis.yaml)")
    .option("--out <dir>", help.out, "dist")
    .addOption(setOption())
    .option("--offline", "build from what is cached, without asking the network")
    .addOption(cacheLimitOption())
    .option("--plan", "tell what would be built, and change nothing")
    .option("--json", "print the result, or the error, as one JSON object")
    .addHelpText("after", help.after);
  for (const option of options()) command.addOption(option);
  const ended = readCommandLine(command, argv);
  if (ended !== undefined) return ended;
  const flags = command.opts<TargetFlags>();
  return carryOut(flags.json === true, async () => {
    const asked = await buildOptions(command.args[0], { ...flags, format: "zst", arch: "amd64" });
    const progress = plainProgress((line) => process.stderr.write(`${line}\n`));
    if (flags.plan) {
      const plan = await interruptible((signal) => describePlan(target, { ...asked, project }, progress.log, signal));
      if (flags.json) writeJson(plan);
      else process.stdout.write(planText(plan, Date.now()));
      return 0;
    }
    const made = await interruptible((signal) => build(target, { ...asked, project }, { ...flags }, progress, signal));
    if (flags.json) writeJson(made);
    else process.stdout.write(["", ...target.summaryOf(made), ""].join("\n"));
    return 0;
  });
}
