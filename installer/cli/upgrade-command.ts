import { Command, Option } from "commander";
import { carryOut, readCommandLine, secondsArgument, writeJson } from "../../lib/cli/command-line.ts";
import { interruptible } from "../../lib/cli/interruptible.ts";
import { ExitCode } from "../../lib/error.ts";
import type { UpgradeDocument } from "../../stack/documents/stack-release.ts";
import { shipRelease } from "../upgrade/ship-release.ts";
import { type ContainerFlags, containerOptions, openContainer } from "./open-container.ts";
import { shownProgress } from "./options.ts";

const help = `
FILE is what build-template release made. It is sent, verified, laid beside the release in force,
planned, put in force in one step and watched; where the stack is not healthy in time, the release
before is in force again, and no data was touched. In the container: stack-agent release ls, upgrade.

Ways: over SSH to the node (--to root@pve1 --vmid 120), on the node itself (--vmid 120), or
straight into the container (--host root@10.1.1.120). The node's REST API runs no command in a
container: for a token use --host.

Examples:
  deploy-template upgrade dist/stock-analysis_*.stack-release --to root@pve1 --vmid 120 --plan
  deploy-template upgrade dist/stock-analysis_*.stack-release --host root@10.1.1.120

Exit codes: 0 in force, or planned; 1 refused or taken back, and the release before runs; 64 unknown
option, or a way that runs no command; 130 interrupted by Ctrl-C.
`;

interface UpgradeFlags extends ContainerFlags {
  readonly plan?: true;
  readonly wayBack: boolean;
  readonly trust?: string;
}

/** `deploy-template upgrade FILE`. @returns the exit code */
export async function upgradeCommand(argv: readonly string[]): Promise<number> {
  const command = new Command("deploy-template upgrade")
    .description("Upgrades the stack of a container that runs to another release.")
    .argument("<FILE>", "the release, by build-template release");
  containerOptions(command)
    .option("--plan", "say what would be done and what restarts, and change nothing")
    .option("--trust <fingerprint>", "have the container take releases signed by this key, from now on")
    .option("--no-way-back", "also with migrations after which the release before can't work")
    .addOption(new Option("--timeout <seconds>", "for the stack to be healthy").argParser(secondsArgument).default(120))
    .option("--json", "print the result, or the error, as one JSON object")
    .addHelpText("after", help);
  const ended = readCommandLine(command, argv);
  if (ended !== undefined) return ended;
  const flags = command.opts<UpgradeFlags>();
  const [file = ""] = command.args;
  return carryOut(flags.json === true, () =>
    interruptible(
      (signal) => perform(file, flags, signal),
      "stopped; stack-agent release ls tells which release is in force",
    ),
  );
}

async function perform(file: string, flags: UpgradeFlags, signal: AbortSignal): Promise<number> {
  const progress = await shownProgress(flags.json === true);
  const { shell, vmid, close } = await openContainer(flags, signal);
  try {
    const options = [
      ...["--timeout", String(flags.timeout)],
      ...(flags.plan ? ["--plan"] : []),
      ...(flags.wayBack ? [] : ["--no-way-back"]),
      ...(flags.trust === undefined ? [] : ["--trust", flags.trust]),
    ];
    const shipped = await shipRelease({ shell, vmid, file, options, progress });
    if (flags.json) writeJson(shipped);
    else process.stdout.write(shippedText(shipped));
    return ExitCode.healthy;
  } finally {
    close();
  }
}

function shippedText({ release, previous, changed, planned, seconds, ...document }: UpgradeDocument): string {
  if (planned) {
    const actions = document.actions.map(({ stage, do: action, what }) => `  ${stage}: ${action} ${what}`.trimEnd());
    const services =
      document.services.length === 0 ? [] : [`services with other code: ${document.services.join(", ")}`];
    const lines = [`${previous} -> ${release}`, ...services, `restarts: ${document.restarts.join(", ")}`, ...actions];
    return `${lines.join("\n")}\n`;
  }
  if (!changed) return `${release} is in force already: nothing to do\n`;
  const each = Object.entries(document.without ?? {}).map(([name, lacking]) => `${name} ${lacking.toFixed(1)} s`);
  const without = each.length === 0 ? "every service answered all the time" : `without an answer: ${each.join(", ")}`;
  return `${release} is in force, in the place of ${previous}, after ${seconds.toFixed(1)} s\n${without}\n`;
}
