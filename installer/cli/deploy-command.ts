import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Command, Option } from "commander";
import { carryOut, readCommandLine, secondsArgument, writeJson } from "../../lib/cli/command-line.ts";
import { interruptible } from "../../lib/cli/interruptible.ts";
import { ExitCode } from "../../lib/error.ts";
import { projectFolder } from "../../lib/project-folder.ts";
import { run } from "../../lib/run.ts";
import { chooseVmid } from "../choose-vmid.ts";
import { connect } from "../connect.ts";
import { deploy, intend } from "../flow/deploy.ts";
import { assignments, inOwnWords } from "../settings.ts";
import { readTemplate, type Template } from "../template/read-template.ts";
import { wanted } from "../wanted.ts";
import { deployHelp } from "./deploy-help.ts";
import { deploymentText } from "./deployment-text.ts";
import { intentDocument, intentText } from "./intent-text.ts";
import { accessOptions, defaultAbsence, type NodeFlags, required, settingOptions, shownProgress } from "./options.ts";
import { whoAsks } from "./who-asks.ts";

interface DeployFlags extends NodeFlags {
  readonly set?: readonly string[];
  readonly dryRun?: true;
}

/** `deploy-template TEMPLATE`. @returns the exit code */
export async function deployCommand(argv: readonly string[]): Promise<number> {
  const command = new Command("deploy-template")
    .description("Puts a template on a Proxmox node and makes a healthy container of it.")
    .usage("[options] TEMPLATE\n       deploy-template destroy …")
    .argument("<TEMPLATE>", "what build-template wrote: dist/debian-12-NAME_VERSION-HASH_amd64.tar.gz");
  accessOptions(settingOptions(command))
    .addOption(
      new Option("--set <path=value>", "any setting in the place of the template's; may be repeated").argParser(
        repeated,
      ),
    )
    .addOption(
      new Option("--timeout <seconds>", "for each task on the node, and for the stack to be healthy")
        .argParser(secondsArgument)
        .default(600),
    )
    .option("--dry-run", "tell what would be done, and change nothing")
    .option("--json", "print the result, or the error, as one JSON object")
    .version(await projectVersion(), "--version", "print the version and end")
    .addHelpText("after", deployHelp);
  const ended = readCommandLine(command, argv);
  if (ended !== undefined) return ended;
  const flags = command.opts<DeployFlags>();
  const [path = ""] = command.args;
  return carryOut(flags.json === true, async () => {
    let left = "nothing was changed";
    return interruptible(
      (signal) => perform(path, flags, signal, (text) => (left = text)),
      () => `stopped; ${left}`,
    );
  });
}

async function perform(
  path: string,
  flags: DeployFlags,
  signal: AbortSignal,
  onLeft: (text: string) => void,
): Promise<number> {
  const progress = await shownProgress(flags.json === true);
  const credentials = await whoAsks(flags);
  const template = await progress.step("template", `reading ${path}`, () => read(path, flags, signal));
  const { deploy: settings } = template.model.definition;
  const to = credentials.kind === "local" ? "" : required(settings.to, "--to", "pve1");
  const { node, transport } = await connect({ ...settings, to, caFile: flags.caFile, credentials, signal });
  try {
    const asked = wanted(template, await chooseVmid(node, template));
    if (flags.dryRun) {
      const intent = await intend({ node, wanted: asked });
      if (flags.json) writeJson(intentDocument(intent, asked));
      else process.stdout.write(intentText(intent, asked));
      return intent.verdict.refusals.length === 0 ? 0 : ExitCode.failed;
    }
    const [task, healthy] = [flags.timeout * 1000, flags.timeout * 1000];
    const patience = { task, healthy, absence: defaultAbsence };
    const deployment = await deploy({ node, wanted: asked, progress, signal, patience, onLeft });
    if (flags.json) writeJson(deployment);
    else process.stdout.write(deploymentText(deployment, to));
    return deployment.status === "healthy" ? 0 : ExitCode.degraded;
  } finally {
    await transport.close();
  }
}

async function read(path: string, flags: DeployFlags, signal: AbortSignal): Promise<Template> {
  const given = { ...flags } as Readonly<Record<string, unknown>>;
  try {
    return await readTemplate(path, assignments(given, process.env, flags.set), { run, signal });
  } catch (error) {
    throw inOwnWords(error, given);
  }
}

function repeated(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

async function projectVersion(): Promise<string> {
  const text = await readFile(join(projectFolder, "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
