import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { projectFolder } from "../lib/project-folder.ts";
import { readTextTree } from "../lib/read-text-tree.ts";

/** What a new service is made from: services/starter, with the event store's package and the lock that all share. */
export async function starterFiles(): Promise<ReadonlyMap<string, string>> {
  const services = join(projectFolder, "services");
  const packaged = await readTextTree(join(services, "reference/event_store"));
  return new Map([
    ...(await readTextTree(join(services, "starter"))),
    ...[...packaged].map(([path, text]) => [`event_store/${path}`, text] as const),
    ["requirements.lock", await readFile(join(services, "reference/requirements.lock"), "utf8")],
  ]);
}
