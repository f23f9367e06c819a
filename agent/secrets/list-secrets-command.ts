import { ExitCode } from "../../lib/error.ts";
import type { SecretsDocument } from "../../stack/documents/secrets.ts";
import type { Model } from "../../stack/model.ts";
import { textTable } from "../cli/text-table.ts";
import { listSecrets } from "./list-secrets.ts";

/** `stack-agent secrets ls`: names and for whom, never a value. @returns 0, or 2 where one is not set */
export async function listSecretsCommand(
  model: Model,
  { json, write }: { readonly json?: boolean; readonly write: (text: string) => void },
): Promise<number> {
  const document = await listSecrets(model);
  write(json ? `${JSON.stringify(document)}\n` : `${secretLines(document).join("\n")}\n`);
  return document.secrets.some(({ since }) => since === undefined) ? ExitCode.degraded : ExitCode.healthy;
}

function secretLines({ secrets }: SecretsDocument): readonly string[] {
  const rows = secrets.map(({ name, kind, for: readers, since, description }) => ({
    cells: [
      name,
      kind,
      since === undefined ? "not set" : since.replace(/\.\d+Z$/, "Z"),
      readers.map(({ service }) => service).join(", "),
      description,
    ],
    note: since === undefined && kind === "given" ? `stack-agent secrets set ${name}` : undefined,
  }));
  return textTable(["secret", "", "since", "for", "what"], rows, false);
}
