import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { type Control, formatControl } from "./control.ts";

/** The index by which apt finds packages that lie beside it: sources.list(5)'s flat repository. */
export async function packagesIndex(
  packages: readonly { readonly name: string; readonly file: string; readonly control: Control }[],
): Promise<string> {
  const paragraphs = packages.map(async ({ name, file, control }) => {
    const hash = createHash("sha256");
    await pipeline(createReadStream(file), hash);
    const { size } = await stat(file);
    const where = [
      ["Filename", `./${name}`],
      ["Size", `${size}`],
      ["SHA256", hash.digest("hex")],
    ] as const;
    return formatControl(new Map([...control, ...where]));
  });
  return (await Promise.all(paragraphs)).join("\n");
}
