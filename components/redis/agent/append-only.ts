import type { Action } from "../../../engine/action.ts";
import { asSealed } from "../../../engine/secrets/sealed.ts";

/*
 * What a node wrote to `appendonlydir`: one base, a snapshot, then increments, and a manifest
 * that says which, in which order. A node refuses to start with any of them unread, but for the
 * last increment where it only lacks its end. (Seen with Redis 7.0.15 and 8.0.2.)
 */

/** A part of the log, as `redis-check-aof` finds it. */
export interface Part {
  readonly name: string;
  readonly size: number;
  /** Bytes from its beginning that can be read; undefined where that can't be told. */
  readonly sound: number | undefined;
  /** All that follows is zeros: nobody wrote it. */
  readonly zeros: boolean;
}

export interface AppendOnlyFiles {
  /** `/var/lib/redis/6379/appendonlydir`. */
  readonly folder: string;
  /** Undefined where it is not there or no file. */
  readonly manifest: string | undefined;
  /** What else is in the folder, by the rules of names for parts. */
  readonly parts: readonly Part[];
  /** redis-check-aof opens a file for writing, to which not everybody has a right who looks. */
  readonly checked: boolean;
}

export const manifestName = "appendonly.aof.manifest";
export const partName = /^appendonly\.aof\.(\d+)\.(base|incr)\.(rdb|aof)$/;

/**
 * What makes the log one that a node can start with: nothing where it is sound. Keys are a
 * cache's: where they can't be read any more, the node starts without them.
 */
export function mendAppendOnly({ folder, manifest, parts, checked }: AppendOnlyFiles): Action[] {
  if (!checked) return [];
  const listed = manifest === undefined ? undefined : readManifest(manifest);
  const names = listed ?? orderOf(parts);
  if (names === undefined && parts.length === 0)
    return [aside(folder, "nothing: it held no part", "it has no manifest")];
  if (names === undefined) return [startAnew(folder, "its manifest can't be read, nor its parts put in order")];
  const found = names.map((name) => parts.find((part) => part.name === name));
  const cuts: Action[] = [];
  for (const [index, part] of found.entries()) {
    if (part === undefined) return [startAnew(folder, `${names[index]} is not there`)];
    if (part.sound === part.size) continue;
    const isLast = index === found.length - 1;
    if (part.sound === undefined || !(part.zeros || isLast)) return [startAnew(folder, `${part.name} can't be read`)];
    cuts.push({
      do: "cutFile",
      why: `redis-check-aof finds ${part.sound} of its ${part.size} bytes sound`,
      args: {
        path: `${folder}/${part.name}`,
        bytes: part.sound,
        lost: part.zeros
          ? "nothing: zeros stood behind its end"
          : `keys written in its last ${part.size - part.sound} bytes`,
      },
    });
  }
  if (listed !== undefined) return cuts;
  const path = `${folder}/${manifestName}`;
  const text = names.map((name) => manifestLine(name)).join("");
  return [
    ...cuts,
    ...(manifest === undefined
      ? []
      : [aside(path, "nothing: the parts it named are there", "the manifest can't be read")]),
    {
      do: "writeFile",
      why: "the manifest that its parts' names tell",
      args: { path, mode: 0o640, owner: "redis:redis", text: asSealed(text) },
    },
  ];
}

/** The parts a manifest names, in its order; undefined where it is none. https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/ */
function readManifest(text: string): string[] | undefined {
  const lines = text.split("\n");
  // Without the last line's end it was cut.
  if (lines.pop() !== "" || lines.length === 0) return undefined;
  const read = lines.map((line) => /^file (\S+) seq \d+ type ([bih])$/.exec(line));
  if (read.some((each) => each === null)) return undefined;
  return read.flatMap((each) => (each?.[2] === "h" ? [] : [each?.[1] ?? ""]));
}

/** The parts' order by their numbers; undefined where there are none, or several bases. */
function orderOf(parts: readonly Part[]): string[] | undefined {
  const numbered = parts.flatMap(({ name }) => {
    const [, number, kind] = partName.exec(name) ?? [];
    return number === undefined ? [] : [{ name, number: Number(number), base: kind === "base" }];
  });
  const bases = numbered.filter(({ base }) => base);
  const increments = numbered.filter(({ base }) => !base).sort((a, b) => a.number - b.number);
  if (numbered.length === 0 || bases.length > 1) return undefined;
  return [...bases, ...increments].map(({ name }) => name);
}

/** A part's line in the manifest. */
export function manifestLine(name: string): string {
  const [, number, kind] = partName.exec(name) ?? [];
  return `file ${name} seq ${number} type ${kind === "base" ? "b" : "i"}\n`;
}

export function startAnew(folder: string, why: string): Action {
  return aside(folder, "all keys of this node, of a cache", why);
}

function aside(path: string, lost: string, why: string): Action {
  return { do: "setAside", why, args: { path, lost } };
}
