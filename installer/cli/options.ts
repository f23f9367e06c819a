import { type Command, Option } from "commander";
import { ExitCode, StackError } from "../../lib/error.ts";
import { plainProgress } from "../../lib/progress/plain.ts";
import type { Progress } from "../../lib/progress/progress.ts";
import { names, type Setting, settings } from "../wanted/settings.ts";
import type { AccessFlags } from "./who-asks.ts";

/** What both commands are told of the node and who asks it. */
export interface NodeFlags extends AccessFlags {
  readonly node?: string;
  readonly fingerprint?: string;
  readonly vmid?: string;
  /** Seconds. */
  readonly timeout: number;
  readonly json?: true;
}

/** Milliseconds that a node may be out of reach while it works for us: a restart of its API takes seconds. */
export const defaultAbsence = 60_000;

/** Adds the settings that have a flag of their own. */
export function settingOptions(command: Command, which: (setting: Setting) => boolean = () => true): Command {
  for (const setting of settings.filter(which)) {
    command.addOption(new Option(setting.flag, `${setting.help} (env: ${setting.variable})`));
  }
  return command;
}

/** Adds what says who asks, and whom to trust. No option takes a secret. */
export function accessOptions(command: Command): Command {
  return command
    .option(
      "--identity <file>",
      "ssh: a private key (else: the agent's, ~/.ssh/id_*, PROXMOX_PASSWORD, or you are asked)",
    )
    .option("--token-file <file>", "a file of mode 0600 with an API token (else: PROXMOX_TOKEN)")
    .option("--user <user@realm>", "log in with a password: PROXMOX_PASSWORD, or you are asked")
    .addOption(
      new Option("--ca-file <file>", "the authority that signed the node's certificate").env("DEPLOY_CA_FILE"),
    );
}

/** The value of a setting for a command that reads no definition. */
export function settingOf(flags: Readonly<Record<string, unknown>>, path: string): string | undefined {
  const setting = settings.find((one) => one.path === path);
  if (setting === undefined) return undefined;
  const value = flags[names(setting).key] ?? process.env[setting.variable];
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function required(value: string | undefined, flag: string, example: string): string {
  if (value !== undefined) return value;
  throw new StackError("no-node", `nothing says ${flag === "--to" ? "which node" : "which container"}`, {
    hint: `${flag} ${example}`,
    exit: ExitCode.usage,
  });
}

export async function shownProgress(json: boolean): Promise<Progress> {
  if (!process.stderr.isTTY || !process.stdout.isTTY || json) return plainProgress(writeLine);
  const { terminalProgress } = await import("../../lib/progress/terminal.ts");
  return terminalProgress(writeLine);
}

export function writeLine(line: string): void {
  process.stderr.write(`${line}\n`);
}
