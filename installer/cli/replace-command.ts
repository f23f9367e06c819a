import { Command, Option } from "commander";
import { carryOutInterruptibly, readCommandLine, secondsArgument, writeJson } from "../../lib/cli/command-line.ts";
import { ExitCode, StackError } from "../../lib/error.ts";
import { run } from "../../lib/run.ts";
import type { ReplacementDocument } from "../../stack/documents/handover.ts";
import { openNode } from "../node/node.ts";
import type { Opened } from "../replace/options.ts";
import { replace } from "../replace/replace.ts";
import { openTemplate, type Template } from "../template/open-template.ts";
import { openNodeShell } from "../transports/shell/open-shell.ts";
import { shellTransport } from "../transports/shell/shell-transport.ts";
import { assignments, inOwnWords } from "../wanted/settings.ts";
import { wanted } from "../wanted/wanted.ts";
import { defaultAbsence, type NodeFlags, required, settingOf, settingOptions, shownProgress } from "./options.ts";
import { vmidArgument } from "./vmid-argument.ts";
import { chooseWay, whoAsks } from "./who-asks.ts";

const help = `
For what no upgrade can do: another Debian release, another major version of PostgreSQL or RabbitMQ.
A new container of TEMPLATE is made beside the old one, gets its definition, secrets and services'
releases, and must be healthy with them; the old one serves meanwhile. Then the old one goes out of
service, and its data goes over on the node: the event store by pg_dump, RabbitMQ's messages queue by
queue, Redis's keys. What both sides count must agree. The old one is shut down and kept, with onboot
off, and the new one starts with its address.

Whatever fails, the old one serves again, and the new one is deleted (--keep: stopped).

Ways: over SSH to the node (--to root@pve1), or on the node itself. Its REST API runs no command in
a container, and --host reaches no node.

Examples:
  deploy-template replace dist/debian-13-*.tar.gz --to root@pve1 --from 120 --vmid 121 --plan
  deploy-template replace dist/debian-13-*.tar.gz --to root@pve1 --from 120 --vmid 121

Exit codes: 0 the new one serves, or it was planned; 1 refused or failed, and the old one serves; 64
unknown option, or a way that runs no command; 130 interrupted by Ctrl-C, and the old one serves.
`;

interface ReplaceFlags extends NodeFlags {
  readonly from?: string;
  readonly set?: readonly string[];
  readonly plan?: true;
  readonly keep?: true;
  readonly definition?: "template" | "old";
}

const unused = new Set(["deploy.node", "container.hostname"]);

/** `deploy-template replace TEMPLATE`. @returns the exit code */
export async function replaceCommand(argv: readonly string[]): Promise<number> {
  const command = new Command("deploy-template replace")
    .description("Replaces a container by a new one of another template, and moves its data over.")
    .argument("<TEMPLATE>", "what build-template wrote");
  settingOptions(command, ({ path }) => !unused.has(path))
    .option("--from <id>", "the container that is replaced")
    .option(
      "--identity <file>",
      "ssh: a private key (else: the agent's, ~/.ssh/id_*, PROXMOX_PASSWORD, or you are asked)",
    )
    .addOption(
      new Option("--set <path=value>", "any setting in the place of the template's; may be repeated").argParser(
        (value: string, before: readonly string[] = []) => [...before, value],
      ),
    )
    .addOption(
      new Option("--definition <which>", "whose stack.yaml, where the old one's was changed by hand").choices([
        "template",
        "old",
      ]),
    )
    .option("--plan", "say what would be moved, and change nothing")
    .option("--keep", "where it fails, stop the new container, and don't delete it")
    .addOption(
      new Option("--timeout <seconds>", "for each task on the node, and for the stack to be healthy")
        .argParser(secondsArgument)
        .default(600),
    )
    .option("--json", "print the result, or the error, as one JSON object")
    .addHelpText("after", help);
  const ended = readCommandLine(command, argv);
  if (ended !== undefined) return ended;
  const flags = command.opts<ReplaceFlags>();
  const [path = ""] = command.args;
  return carryOutInterruptibly(flags.json === true, (signal, onLeft) => perform(path, flags, signal, onLeft));
}

async function perform(
  path: string,
  flags: ReplaceFlags,
  signal: AbortSignal,
  onLeft: (text: string) => void,
): Promise<number> {
  const progress = await shownProgress(flags.json === true);
  if ((await chooseWay(flags, process.env)) === "api") {
    throw new StackError("no-command-by-api", "a node's REST API runs no command in a container", {
      hint: "--to root@pve1 over SSH; or on the node itself without --to",
      exit: ExitCode.usage,
    });
  }
  const from = vmidArgument(required(flags.from, "--from", "120"));
  const access = await whoAsks(flags);
  if (access.kind !== "ssh" && access.kind !== "local") throw new TypeError("the way is no shell's");
  const to = access.kind === "local" ? "" : required(settingOf({ ...flags }, "deploy.to"), "--to", "root@pve1");
  const fingerprint = settingOf({ ...flags }, "deploy.fingerprint");
  const open = async (until: AbortSignal): Promise<Opened> => {
    const { shell, name } = await openNodeShell({ to, fingerprint, signal: until }, access);
    return { shell, node: openNode(shellTransport(shell), name) };
  };
  const template = await progress.step("template", `reading ${path}`, () => openTemplate(path, { run, signal }));
  const chosen = withSettings(template, flags);
  const opened = await open(signal);
  try {
    const vmid = flags.vmid === undefined ? await opened.node.nextId() : vmidArgument(flags.vmid);
    const patience = { task: flags.timeout * 1000, healthy: flags.timeout * 1000, absence: defaultAbsence };
    const document = await replace({
      ...{ ...opened, from, progress, signal, patience, onLeft, plan: flags.plan === true, keep: flags.keep === true },
      reopen: () => open(new AbortController().signal),
      wanted: wanted(chosen, vmid),
      definition: flags.definition,
    });
    if (flags.json) writeJson(document);
    else process.stdout.write(replacementText(document));
    return ExitCode.healthy;
  } finally {
    opened.shell.close();
  }
}

function withSettings(template: (set: readonly string[]) => Template, flags: ReplaceFlags): Template {
  try {
    return template(assignments({ ...flags }, process.env, flags.set));
  } catch (error) {
    throw inOwnWords(error, { ...flags });
  }
}

function replacementText({ vmid, from, node, planned, ...document }: ReplacementDocument): string {
  const list = (head: string, names: readonly string[]): string[] =>
    names.length === 0 ? [] : [`${head}: ${names.join(", ")}`];
  const common = [...list("releases of services", document.services), ...list("stays behind", document.left)];
  if (planned) {
    const head = `container ${vmid} on ${node} would be made of ${document.template}, and take over from ${from}`;
    return `${[head, ...list("secrets", document.secrets), ...common, "nothing was changed"].join("\n")}\n`;
  }
  const moved = Object.entries(document.moved).map(([name, counts]) => {
    const each = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
    return `${name}: ${each.join(", ")}`;
  });
  const lines = [
    `container ${vmid} on ${node} serves in the place of ${from}, which is stopped and kept`,
    `out of service for ${(document.without ?? 0).toFixed(1)} s, in all ${document.seconds.toFixed(1)} s`,
    ...moved,
    `definition: the ${document.definition ?? "template"}'s`,
    ...common,
    `once you don't need it any more: deploy-template destroy --vmid ${from}`,
  ];
  return `${lines.join("\n")}\n`;
}
