import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isErrno, StackError } from "../lib/error.ts";
import type { Templates } from "../stack/render/render.ts";

/** The trees `units/` and `rootfs-overlay/` below a folder; each file read once. */
export function installedTemplates(folder: string): Templates {
  const texts = new Map<string, string>();
  return (path) => {
    const known = texts.get(path);
    if (known !== undefined) return known;
    try {
      const text = readFileSync(join(folder, path), "utf8");
      texts.set(path, text);
      return text;
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw error;
      throw new StackError("template-missing", `${join(folder, path)} is not there`, {
        hint: "the template this machine was made from is incomplete: build it again",
      });
    }
  };
}
