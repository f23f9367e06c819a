import { basename } from "node:path";
import { messageOf } from "../../lib/error.ts";
import { readTextIfAny } from "../../lib/files.ts";
import { manifestDocument } from "../../stack/documents/manifest.ts";
import { type Check, failed, passed, unchecked } from "./check.ts";
import type { Measured } from "./measure.ts";

/** Against FILE.sha256, as `sha256sum --check` would. */
export async function checksumCheck(file: string, measured: Measured): Promise<Check> {
  const about = { name: "checksum", title: `sha256 is that of ${basename(file)}.sha256` };
  const text = await readTextIfAny(`${file}.sha256`);
  if (text === undefined) return unchecked(about, `there is no ${basename(file)}.sha256`);
  const line = text.split("\n").find((one) => one.replace(/^\S+ [ *]/, "") === basename(file));
  if (line === undefined) return failed(about, [`${basename(file)}.sha256 does not name ${basename(file)}`]);
  const said = line.slice(0, 64);
  return said === measured.sha256 ? passed(about) : failed(about, [`it is ${measured.sha256}, and ${said} is said`]);
}

/** Against the manifest that lies beside it. */
export async function manifestCheck(file: string, measured: Measured): Promise<Check> {
  const path = `${file.replace(/\.tar(\.\w+)?$/, "")}.manifest.json`;
  const about = { name: "manifest", title: "name, size and sha256 are the manifest's" };
  const text = await readTextIfAny(path);
  if (text === undefined) return unchecked(about, `there is no ${basename(path)}`);
  try {
    const { template } = manifestDocument.parse(JSON.parse(text));
    if (template === undefined) return failed(about, [`${basename(path)} names no template`]);
    const stem = (name: string): string => name.replace(/\.tar(\.\w+)?$/, "");
    if (template.file !== basename(file) && stem(template.file) === stem(basename(file))) {
      return unchecked(about, `${basename(path)} is of the same content in another format, ${template.file}`);
    }
    const actual = { file: basename(file), ...measured };
    const wrong = (["file", "bytes", "sha256"] as const).filter((key) => template[key] !== actual[key]);
    const faults = wrong.map((key) => `${key} is ${actual[key]}, and ${template[key]} is said`);
    return faults.length === 0 ? passed(about) : failed(about, faults);
  } catch (error) {
    return failed(about, [`${basename(path)} can't be read: ${messageOf(error).split("\n")[0]}`]);
  }
}
