import { StackError } from "../../lib/error.ts";

/** The text of every block of a Markdown document whose info string is `info`. */
export function shellBlocks(document: string, info = "sh"): string[] {
  const blocks = document.matchAll(/^```([^\n]*)\n(.*?)^```$/gms);
  return [...blocks].filter(([, found]) => found === info).map(([, , text]) => (text ?? "").trim());
}

export interface PctCreate {
  readonly vmid: string;
  readonly volume: string;
  readonly options: Readonly<Record<string, string>>;
}

/** What a `pct create` line asks for. */
export function pctCreate(command: string): PctCreate {
  const [pct, create, vmid, volume, ...rest] = command.replace(/\\\n/g, " ").split(/\s+/);
  if (pct !== "pct" || create !== "create" || vmid === undefined || volume === undefined) {
    throw new StackError("no-pct-create", `this is no pct create: ${command}`);
  }
  const options: Record<string, string> = {};
  for (let at = 0; at < rest.length; at += 2) {
    const [name, value] = [rest[at], rest[at + 1]];
    if (name === undefined || !name.startsWith("--") || value === undefined || options[name.slice(2)] !== undefined) {
      throw new StackError("no-pct-create", `an option without a value, or twice: ${name} in ${command}`);
    }
    options[name.slice(2)] = value;
  }
  return { vmid, volume, options };
}
