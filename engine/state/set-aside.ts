import { join } from "node:path";
import * as z from "zod/mini";
import { exists, readTextIfAny, writeFileAtomic } from "../../lib/files.ts";
import type { Log } from "../../lib/log.ts";
import { messageIds } from "../../stack/message-ids.ts";

/** `set-aside.json`: damaged files that provisioning moved out of a server's way, and what was lost with them. */
const setAsideDocument = z.array(
  z.object({
    /** ISO 8601. */
    at: z.string(),
    /** Where it was, and where it is. */
    from: z.string(),
    to: z.string(),
    /** What is not there any more; "nothing" where all is. */
    lost: z.string(),
  }),
);

export type SetAside = z.output<typeof setAsideDocument>[number];

/** What executors of such actions share: one at a time. */
export const setAsideLock = "set-aside";

/** Says where something goes. Before it goes: after a crash nothing is where nobody was told. */
export async function tellSetAside(
  from: string,
  to: string,
  lost: string,
  { log, paths }: { readonly log: Log; readonly paths: { readonly state: string } },
): Promise<void> {
  await noteSetAside(paths.state, { at: new Date().toISOString(), from, to, lost });
  log("warning", `${from} was damaged: it is kept as ${to}; lost: ${lost}`, { MESSAGE_ID: messageIds.setAside });
}

/** `PATH.set-aside-20261129T133000Z`, and a number where that is taken. */
export async function asideName(path: string): Promise<string> {
  const dated = `${path}.set-aside-${new Date().toISOString().replace(/[-:]|\.\d+/g, "")}`;
  let name = dated;
  for (let number = 2; await exists(name); number += 1) name = `${dated}-${number}`;
  return name;
}

async function noteSetAside(stateDirectory: string, entry: SetAside): Promise<void> {
  const all = [...(await readAll(stateDirectory)), entry];
  await writeFileAtomic(path(stateDirectory), `${JSON.stringify(all, null, 2)}\n`, { mode: 0o644 });
}

/** Those that nobody has taken away yet. */
export async function readSetAside(stateDirectory: string): Promise<readonly SetAside[]> {
  const all = await readAll(stateDirectory);
  const there = await Promise.all(all.map(({ to }) => exists(to)));
  return all.filter((_, index) => there[index]);
}

/** One as a sentence. */
export function describeSetAside({ at, from, to, lost }: SetAside): string {
  return `${to}, was ${from} until ${at.slice(0, 16).replace("T", " ")} UTC; lost: ${lost}`;
}

async function readAll(stateDirectory: string): Promise<readonly SetAside[]> {
  const text = await readTextIfAny(path(stateDirectory));
  if (text === undefined) return [];
  try {
    return setAsideDocument.parse(JSON.parse(text));
  } catch {
    return [];
  }
}

function path(stateDirectory: string): string {
  return join(stateDirectory, "set-aside.json");
}
