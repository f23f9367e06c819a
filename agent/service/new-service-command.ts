import { join, resolve } from "node:path";
import { ExitCode, StackError } from "../../lib/error.ts";
import { exists } from "../../lib/files.ts";
import { readTextTree } from "../../lib/read-text-tree.ts";
import { shellWord } from "../../lib/shell-words.ts";
import { writeTextTree } from "../../lib/write-text-tree.ts";
import type { NewServiceDocument } from "../../stack/documents/releases.ts";
import { machinePaths } from "../../stack/machine-paths.ts";
import { newServiceFiles, starterFolderName } from "../../stack/new-service/new-service-files.ts";
import { nextPort } from "../../stack/new-service/next-port.ts";
import { refuseServiceName } from "../../stack/new-service/refuse-service-name.ts";
import { loadModel } from "../model/load-model.ts";

export interface NewServiceOptions {
  readonly port?: number;
  readonly output?: string;
  readonly json?: boolean;
  /** Standard output. */
  readonly write: (text: string) => void;
}

/**
 * `stack-agent service new NAME`: writes a service's folder. What it takes to be part of the stack it says.
 *
 * @returns 0
 * @throws StackError `bad-service-name`, `no-event-store`, `no-starter`, `folder-not-empty`; exit 64
 */
export async function newServiceCommand(
  name: string,
  { port, output = name, json, write }: NewServiceOptions,
): Promise<number> {
  refuseServiceName(name);
  const { definition, services } = await loadModel();
  if (definition.postgres === undefined) {
    throw new StackError(
      "no-event-store",
      "this stack has no PostgreSQL, and a new service is made around its event store",
      {
        hint: "docs/your-own-stack.md tells of services without it",
        exit: ExitCode.usage,
      },
    );
  }
  const starter = join(machinePaths.share, starterFolderName);
  if (!(await exists(starter))) {
    throw new StackError("no-starter", `what a service is made from is not in ${starter}`, {
      hint: "on a workstation: build-template init --service NAME",
    });
  }
  const known = services.find((one) => one.name === name);
  const chosen = port ?? known?.port ?? nextPort(definition);
  const folder = resolve(output);
  const files = newServiceFiles(await readTextTree(starter), { name, port: chosen });
  await writeTextTree(folder, files, "name another folder: --output FOLDER");
  const next = [
    `cd ${shellWord(folder)} && uv run pytest`,
    `stack-agent service deploy ${name} ${shellWord(folder)}${known === undefined ? ` --port ${chosen}` : ""}`,
  ];
  const document: NewServiceDocument = { schemaVersion: 1, name, port: chosen, folder, files: [...files.keys()], next };
  const lines = [`${folder} has ${files.size} files.`, "", "Next:", ...next.map((command) => `  ${command}`), ""];
  write(json ? `${JSON.stringify(document)}\n` : lines.join("\n"));
  return ExitCode.healthy;
}
