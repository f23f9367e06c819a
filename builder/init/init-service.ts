import { join } from "node:path";
import { ExitCode, StackError } from "../../lib/error.ts";
import { readTextIfAny, writeFileAtomic } from "../../lib/files.ts";
import { shellWord } from "../../lib/shell-words.ts";
import { writeTextTree } from "../../lib/write-text-tree.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";
import { addService } from "../../stack/new-service/add-service.ts";
import { newServiceFiles } from "../../stack/new-service/new-service-files.ts";
import { nextPort } from "../../stack/new-service/next-port.ts";
import { refuseServiceName } from "../../stack/new-service/refuse-service-name.ts";
import { sectionLines, serviceSection } from "../../stack/new-service/service-section.ts";
import { starterFiles } from "../starter-files.ts";
import type { InitResult } from "./init.ts";

export interface InitServiceOptions {
  readonly name: string;
  /** Default: the one behind the other services'. */
  readonly port?: number | undefined;
}

/**
 * Writes the start of a service: into `services/NAME` beside the folder's stack.yaml, which it is added to; without
 * one, into `NAME`, and the lines for a stack.yaml are told.
 *
 * @throws StackError `bad-service-name`, `folder-not-empty`, `no-event-store`, as `addService`; exit 64, nothing written
 */
export async function initService(
  folder: string,
  { name, port }: InitServiceOptions,
): Promise<InitResult & { readonly section?: string }> {
  refuseServiceName(name);
  const path = join(folder, "stack.yaml");
  const text = await readTextIfAny(path);
  const stack = text === undefined ? undefined : parseDefinition(text, path);
  if (stack !== undefined && stack.postgres === undefined) {
    throw new StackError(
      "no-event-store",
      `${path} has no PostgreSQL, and a new service is made around its event store`,
      {
        hint: "add the section `postgres: {}`; a service without it: build-template init my-stack shows one",
        exit: ExitCode.usage,
      },
    );
  }
  const chosen = port ?? nextPort(stack);
  const section = serviceSection(name, chosen, stack);
  const changed = text === undefined ? undefined : addService(text, name, section, path);
  const place = text === undefined ? name : section.source;
  const files = newServiceFiles(await starterFiles(), { name, port: chosen });
  await writeTextTree(join(folder, place), files, "choose another name, or take that folder away");
  if (changed !== undefined) await writeFileAtomic(path, changed);
  const inside = join(folder, place);
  return {
    folder,
    files: [...(changed === undefined ? [] : ["stack.yaml"]), ...[...files.keys()].map((file) => `${place}/${file}`)],
    next: [
      `cd ${shellWord(inside)} && uv run pytest`,
      ...(changed === undefined
        ? [`stack-agent service deploy ${name} ${name} --port ${chosen}   # in a container`]
        : [`build-template ${shellWord(path)}`]),
    ],
    ...(changed === undefined && { section: sectionLines(name, section) }),
  };
}
