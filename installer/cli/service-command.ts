import { Command, Option } from "commander";
import { carryOut, readCommandLine, secondsArgument, writeJson } from "../../lib/cli/command-line.ts";
import { interruptible } from "../../lib/cli/interruptible.ts";
import { portArgument } from "../../lib/cli/port-argument.ts";
import { ExitCode } from "../../lib/error.ts";
import { run } from "../../lib/run.ts";
import type { ReleaseChangeDocument } from "../../stack/documents/releases.ts";
import { packService } from "../service/pack-service.ts";
import { shipService } from "../service/ship-service.ts";
import { type ContainerFlags, containerOptions, openContainer } from "./open-container.ts";
import { shownProgress } from "./options.ts";

const help = `
FOLDER has the service's modules and requirements.lock, with hashes, as services.NAME.source of
the stack.yaml has. It is sent, made a release beside those that are there, and put in force in one
step; no connection is refused. A release that is not healthy in time is taken back, and what it
wrote to its journal is shown. In the container: stack-agent service ls, releases, rollback.

Ways: over SSH to the node (--to root@pve1 --vmid 120), on the node itself (--vmid 120), or
straight into the container, or to a plain host (--host root@10.1.1.120). The node's REST API
runs no command in a container: for a token use --host.

Examples:
  deploy-template service event-bus services/event-bus --to root@pve1 --vmid 120
  deploy-template service event-bus services/event-bus --host root@10.1.1.120
  deploy-template service event-bus services/event-bus --to root@pve1 --vmid 120 --wheels wheels
  deploy-template service price-feed services/price-feed --port 8006 --host root@10.1.1.120

Exit codes: 0 in force; 1 refused or taken back, and the release before runs; 64 unknown option, or
a way that runs no command; 130 interrupted by Ctrl-C.
`;

interface ServiceFlags extends ContainerFlags {
  readonly wheels?: string;
  readonly port?: number;
}

/** `deploy-template service NAME FOLDER`. @returns the exit code */
export async function serviceCommand(argv: readonly string[]): Promise<number> {
  const command = new Command("deploy-template service")
    .description("Ships a new release of a service into a container that runs.")
    .argument("<NAME>", "the service's name in the definition")
    .argument("<FOLDER>", "the service's folder here");
  containerOptions(command)
    .option("--wheels <folder>", "packages to send along, where there is no package index")
    .addOption(
      new Option("--port <port>", "of a service that the definition has not: it is added").argParser(portArgument),
    )
    .addOption(
      new Option("--timeout <seconds>", "for the release to be healthy").argParser(secondsArgument).default(60),
    )
    .option("--json", "print the result, or the error, as one JSON object")
    .addHelpText("after", help);
  const ended = readCommandLine(command, argv);
  if (ended !== undefined) return ended;
  const flags = command.opts<ServiceFlags>();
  const [service = "", folder = ""] = command.args;
  return carryOut(flags.json === true, () =>
    interruptible(
      (signal) => perform(service, folder, flags, signal),
      "stopped; stack-agent service ls tells which release is in force",
    ),
  );
}

async function perform(service: string, folder: string, flags: ServiceFlags, signal: AbortSignal): Promise<number> {
  const progress = await shownProgress(flags.json === true);
  const { shell, vmid, close } = await openContainer(flags, signal);
  try {
    const packed = await packService(folder, flags.wheels, { run, signal });
    try {
      const shipped = await shipService({
        shell,
        vmid,
        service,
        packed,
        port: flags.port,
        patience: flags.timeout,
        progress,
      });
      if (flags.json) writeJson(shipped);
      else process.stdout.write(shippedText(shipped));
      return ExitCode.healthy;
    } finally {
      await packed.remove();
    }
  } finally {
    close();
  }
}

function shippedText({ service, release, changed, previous, seconds }: ReleaseChangeDocument): string {
  if (!changed) return `${service} has release ${release} already: nothing to do\n`;
  const place = previous === undefined ? "its first" : `in the place of ${previous}`;
  return `${service} has release ${release}, ${place}, after ${seconds.toFixed(1)} s\n`;
}
