import { readFile } from "node:fs/promises";
import { join } from "node:path";

export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression, as the package declares it. */
  readonly licence?: string;
}

/** @param folder of an installed package, which holds its package.json */
export async function readNpmPackage(folder: string): Promise<NpmPackage> {
  const text = await readFile(join(folder, "package.json"), "utf8");
  const { name, version, license } = JSON.parse(text) as Record<string, unknown>;
  // npm allows other words too ("SEE LICENSE IN …", "UNLICENSED"), which are no SPDX.
  const spdx = typeof license === "string" && /^[\w.+\-() ]+$/.test(license) && !/^(SEE|UNLICENSED)/.test(license);
  return { name: String(name), version: String(version), ...(spdx && { licence: license }) };
}
