import { openRaw } from "../../cache/raw.ts";
import type { StoredLayer } from "../../cache/stored-layer.ts";
import { type Installed, readInstalled } from "./closure-of.ts";
import { statusFile } from "./path-owners.ts";

/** What dpkg knows in a base. */
export interface BaseContents {
  readonly installed: ReadonlyMap<string, Installed>;
  /** By the package's name the paths in it, absolute. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
}

/** Reads of a base what dpkg knows of it. @throws StackError `damaged-layer` */
export async function readBase(base: StoredLayer): Promise<BaseContents> {
  const lists = new Map<string, readonly string[]>();
  let status = "";
  const raw = await openRaw(base);
  try {
    for (const { name, size, content } of base.members) {
      const list = /^\.\/var\/lib\/dpkg\/info\/([^:/]+)(?::\w+)?\.list$/.exec(name)?.[1];
      if (list === undefined && name !== statusFile) continue;
      const chunks: Buffer[] = [];
      for await (const chunk of raw.range(content, content + size)) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      if (list === undefined) status = text;
      else
        lists.set(
          list,
          text.split("\n").filter((path) => path.startsWith("/") && path !== "/."),
        );
    }
  } finally {
    await raw.close();
  }
  return { installed: readInstalled(status), lists };
}
