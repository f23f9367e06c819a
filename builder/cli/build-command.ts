import { Command, Option } from "commander";
import { carryOut, readCommandLine, writeJson } from "../../lib/cli/command-line.ts";
import { interruptible } from "../../lib/cli/interruptible.ts";
import { ExitCode, StackError } from "../../lib/error.ts";
import { plainProgress } from "../../lib/progress/plain.ts";
import type { Progress } from "../../lib/progress/progress.ts";
import { projectFolder as project } from "../../lib/project-folder.ts";
import { definitionJsonSchema } from "../../stack/definition/json-schema.ts";
import { type AfterFailure, build } from "../build/build.ts";
import { describePlan } from "../build/describe-plan.ts";
import { failureShell } from "../build/failure-shell.ts";
import type { BuildOptions } from "../context.ts";
import { projectVersion } from "../project-version.ts";
import { assertSmokeCanRun, smoke } from "../smoke/smoke.ts";
import { proxmox } from "../targets/proxmox/target.ts";
import { howToRemove } from "../work-folder.ts";
import { buildHelp } from "./build-help.ts";
import { type BuildFlags, buildOptions } from "./build-options.ts";
import { planText } from "./plan-text.ts";
import { cacheLimitOption, setOption } from "./set-option.ts";
import { smokeText } from "./smoke-text.ts";

/** `build-template [STACK.yaml]`. @returns the exit code */
export async function buildCommand(argv: readonly string[]): Promise<number> {
  const command = new Command("build-template")
    .description(proxmox.help.before)
    .usage("[options] [STACK.yaml]\n       build-template SUBCOMMAND …")
    .argument("[STACK.yaml]", "the stack definition (default: stack/stock-analysis.yaml)")
    .option("--out <dir>", proxmox.help.out, "dist")
    .addOption(new Option("--format <format>", "compression").choices(["gz", "zst"]).default("gz"))
    .addOption(setOption())
    .addOption(new Option("--arch <arch>", "processor of the node").choices(["amd64", "arm64"]).default("amd64"))
    .option("--offline", "build from what is cached, without asking the network")
    .option("--update", "choose anew where packages come from, which is kept beside the definition")
    .option("--strict", "refuse to build what deviates from the definition, an older version than asked for")
    .addOption(cacheLimitOption())
    .addOption(
      new Option("--plan", "tell what would be built, and change nothing").conflicts(["keep", "shell", "smoke"]),
    )
    .option("--keep", "leave the work folder there after a failure")
    .addOption(new Option("--shell", "after a failure open a shell in the template's root").conflicts(["json"]))
    .option("--sign <key>", "sign the template with an SSH key: a private one, or the .pub of one in ssh-agent")
    .option("--smoke", "boot the template afterwards, and wait until it is healthy")
    .option("--schema", "print the JSON Schema of a stack.yaml and end")
    .option("--json", "print the result, or the error, as one JSON object")
    .version(await projectVersion(project), "--version", "print the version and end")
    .addHelpText("after", () => buildHelp(process.env, proxmox.help.after));
  const ended = readCommandLine(command, argv);
  if (ended !== undefined) return ended;
  const flags = command.opts<BuildFlags>();
  if (flags.schema) {
    writeJson(definitionJsonSchema());
    return 0;
  }
  return carryOut(flags.json === true, async () => {
    if (flags.shell) assertTerminal();
    const options = await buildOptions(command.args[0], flags);
    return flags.plan ? plan(options, flags) : make(options, flags);
  });
}

async function plan(options: BuildOptions, { json }: BuildFlags): Promise<number> {
  const progress = plainProgress(writeLine);
  const document = await interruptible((signal) =>
    describePlan(proxmox, { ...options, project }, progress.log, signal),
  );
  if (json) writeJson(document);
  else process.stdout.write(planText(document, Date.now()));
  return 0;
}

async function make(options: BuildOptions, flags: BuildFlags): Promise<number> {
  const progress = await shownProgress(flags);
  // What can't be done afterwards is told before a minute's work.
  if (flags.smoke) await assertSmokeCanRun(progress.log);
  const result = await interruptible(
    (signal) => build(proxmox, { ...options, project }, {}, progress, signal, afterFailure(flags, progress, signal)),
    flags.keep ? "stopped" : undefined,
  );
  if (!flags.json) process.stdout.write(["", ...proxmox.summaryOf(result), ""].join("\n"));
  if (!flags.smoke) {
    if (flags.json) writeJson(result);
    return 0;
  }
  const booted = await interruptible(
    (signal) => smoke({ template: result.template, model: options.model }, progress, signal),
    "stopped; the template is there, the container is gone",
  );
  if (flags.json) writeJson({ ...result, smoke: booted });
  else process.stdout.write(smokeText(booted));
  return booted.status === "degraded" ? ExitCode.degraded : 0;
}

function afterFailure({ keep, shell }: BuildFlags, { log }: Progress, signal: AbortSignal): AfterFailure {
  return async (failure) => {
    if (shell && !signal.aborted) await failureShell(failure, writeLine);
    if (!keep) return "remove";
    log("notice", `the work folder stays: ${failure.work}\nremove it with: ${howToRemove(failure.work)}`);
    return "keep";
  };
}

function assertTerminal(): void {
  if (process.stdin.isTTY && process.stdout.isTTY && process.stderr.isTTY) return;
  throw new StackError("no-terminal", "--shell needs a terminal", {
    hint: "start the build from a terminal, with nothing piped; --keep leaves the work folder there instead",
    exit: ExitCode.usage,
  });
}

async function shownProgress({ json }: BuildFlags): Promise<Progress> {
  if (!process.stderr.isTTY || !process.stdout.isTTY || json) return plainProgress(writeLine);
  const { terminalProgress } = await import("../../lib/progress/terminal.ts");
  return terminalProgress(writeLine);
}

function writeLine(line: string): void {
  process.stderr.write(`${line}\n`);
}
