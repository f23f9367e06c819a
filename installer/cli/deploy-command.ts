import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Command, Option } from "commander";
import { carryOutInterruptibly, readCommandLine, secondsArgument, writeJson } from "../../lib/cli/command-line.ts";
import { ExitCode } from "../../lib/error.ts";
import { projectFolder } from "../../lib/project-folder.ts";
import { run } from "../../lib/run.ts";
import { deploy, intend } from "../flow/deploy.ts";
import { connect } from "../node/connect.ts";
import { openTemplate, type Template } from "../template/open-template.ts";
import type { Access } from "../transports/access.ts";
import { chooseVmid } from "../wanted/choose-vmid.ts";
import { nodeOfCluster } from "../wanted/node-of-cluster.ts";
import { perNode } from "../wanted/per-node.ts";
import { assignments, inOwnWords } from "../wanted/settings.ts";
import { wanted } from "../wanted/wanted.ts";
import { deployHelp } from "./deploy-help.ts";
import { deploySeveral, type Order } from "./deploy-several.ts";
import { deploymentText } from "./deployment-text.ts";
import { intentDocument, intentText } from "./intent-text.ts";
import { type HostFlags, isForHost } from "./is-for-host.ts";
import { accessOptions, defaultAbsence, required, settingOptions, shownProgress } from "./options.ts";
import { type AccessFlags, whoAsks } from "./who-asks.ts";

type DeployFlags = HostFlags;

/** `deploy-template TEMPLATE`. @returns the exit code */
export async function deployCommand(argv: readonly string[]): Promise<number> {
  const command = new Command("deploy-template")
    .description("Puts a template on a Proxmox node and makes a healthy container of it.")
    .usage(
      "[options] TEMPLATE\n       deploy-template [options] FILE.deb --host root@server\n       deploy-template destroy …\n       deploy-template service …\n       deploy-template upgrade …\n       deploy-template replace …",
    )
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
    .option("--host <user@server>", "install a .deb on a plain Debian host over SSH, in the place of a template")
    .option("--resend", "send the template's file again, also where it is there: it may be damaged")
    .option("--dry-run", "tell what would be done, and change nothing")
    .option("--json", "print the result, or the error, as one JSON object")
    .version(await projectVersion(), "--version", "print the version and end")
    .addHelpText("after", deployHelp);
  const ended = readCommandLine(command, argv);
  if (ended !== undefined) return ended;
  const flags = command.opts<DeployFlags>();
  const [path = ""] = command.args;
  return carryOutInterruptibly(flags.json === true, (signal, onLeft) => perform(path, flags, signal, onLeft));
}

async function perform(
  path: string,
  flags: DeployFlags,
  signal: AbortSignal,
  onLeft: (text: string) => void,
): Promise<number> {
  if (isForHost(path, flags)) {
    const { hostCommand } = await import("./host-command.ts");
    return hostCommand(path, flags, signal, onLeft);
  }
  const [json, resend] = [flags.json === true, flags.resend === true];
  const nodes = perNode(flags, process.env);
  const progress = await shownProgress(json);
  const template = await progress.step("template", `reading ${path}`, () => openTemplate(path, { run, signal }));
  const asks = askedOnce();
  const orders: Order[] = [];
  for (const [index, { label, flags: own }] of nodes.entries()) {
    const chosen = withSettings(template, own, flags, { index, count: nodes.length });
    const { deploy: settings } = chosen.model.definition;
    const credentials = await asks(own, settings);
    const to = credentials.kind === "local" ? "" : required(settings.to, "--to", "pve1");
    const target = { ...settings, to, caFile: own.caFile, signal, credentials };
    orders.push({ label, to, template: chosen, connect: () => connect(target) });
  }
  const [task, healthy] = [flags.timeout * 1000, flags.timeout * 1000];
  const patience = { task, healthy, absence: defaultAbsence };
  const [order, ...others] = orders;
  if (order === undefined || others.length > 0) {
    return deploySeveral(orders, { dryRun: flags.dryRun === true, resend, json, patience, signal, onLeft });
  }
  const { node, transport } = await order.connect();
  try {
    const asked = wanted(order.template, await chooseVmid(node, order.template));
    if (flags.dryRun) {
      const intent = await intend({ node, wanted: asked, resend });
      if (json) writeJson(intentDocument(intent, asked));
      else process.stdout.write(intentText(intent, asked));
      return intent.verdict.refusals.length === 0 ? 0 : ExitCode.failed;
    }
    const deployment = await deploy({ node, wanted: asked, resend, progress, signal, patience, onLeft });
    if (json) writeJson(deployment);
    else process.stdout.write(deploymentText(deployment, order.to));
    return deployment.status === "healthy" ? 0 : ExitCode.degraded;
  } finally {
    await transport.close();
  }
}

/** A password is asked for once, a file read once. */
function askedOnce(): (flags: DeployFlags, at: Pick<AccessFlags, "to" | "via">) => Promise<Access> {
  const known = new Map<string, Access>();
  return async (flags, at) => {
    const by = JSON.stringify([flags.tokenFile, flags.identity, at.via, at.to?.includes("@")]);
    const found = known.get(by) ?? (await whoAsks(flags, at));
    known.set(by, found);
    return found;
  };
}

function withSettings(
  template: (set: readonly string[]) => Template,
  own: DeployFlags,
  flags: DeployFlags,
  { index, count }: { readonly index: number; readonly count: number },
): Template {
  try {
    const set = assignments({ ...own }, {}, flags.set);
    const given = template(set);
    const ofNode = nodeOfCluster(given.model, index, count);
    // What was given for one goes before what its place says.
    return ofNode.length === 0 ? given : template([...ofNode, ...set]);
  } catch (error) {
    throw inOwnWords(error, { ...flags });
  }
}

function repeated(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

async function projectVersion(): Promise<string> {
  const text = await readFile(join(projectFolder, "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
