import { statfs } from "node:fs/promises";
import type { CheckOpener, Outcome, Sample } from "../../../engine/check.ts";
import { isErrno } from "../../../lib/error.ts";
import type { Model } from "../../../stack/model.ts";

/** One file system as statfs(2) tells: blocks and inodes, those a user without privilege may still take. */
export interface FileSystemFigures {
  readonly path: string;
  /** Whose data lies there, as metrics tell it: paths are for those with a token. */
  readonly component: string;
  readonly blocks: number;
  /** Bytes of a block. */
  readonly blockSize: number;
  readonly available: number;
  /** 0 where the file system counts none (btrfs). */
  readonly files: number;
  readonly filesFree: number;
}

/**
 * How full the file systems are that the stack writes to. Each may be a volume of its own.
 *
 * @param lookAt another than the kernel's word in tests
 */
export function diskCheck(model: Pick<Model, "paths" | "data">, lookAt = askKernel): CheckOpener {
  const places = [{ path: "/", component: "system" }, { path: model.paths.state, component: "agent" }, ...model.data];
  return () => {
    let looks = 0;
    let last: Outcome | undefined;
    return {
      run: async () => {
        const rests = looks % looksAtRest !== 0;
        looks += 1;
        if (rests && last?.status === "pass") return last;
        last = diskOutcome((await Promise.all(places.map(lookAt))).filter((one) => one !== undefined));
        return last;
      },
      close: async () => {},
    };
  };
}

/** Of so many looks only one asks the kernel, while there is room: a file system is asked by a thread, each place of its own. */
const looksAtRest = 5;

/** Percent used from which a file system counts as nearly full, and as full. */
const limits = { warn: 85, fail: 95 };

/** The fullest file system decides, by blocks or by inodes. */
export function diskOutcome(fileSystems: readonly FileSystemFigures[]): Outcome {
  const shares = fileSystems.map((one) => ({ path: one.path, used: usedPercent(one) }));
  const fullest = shares.reduce((a, b) => (b.used > a.used ? b : a), { path: "/", used: 0 });
  const used = Math.round(fullest.used * 10) / 10;
  const byComponent = new Map<string, FileSystemFigures>();
  for (const one of fileSystems) {
    const other = byComponent.get(one.component);
    if (other === undefined || usedPercent(one) > usedPercent(other)) byComponent.set(one.component, one);
  }
  const each = (blocks: (one: FileSystemFigures) => number): Sample[] =>
    [...byComponent].map(([component, one]) => ({ labels: { component }, value: blocks(one) * one.blockSize }));
  const status = used >= limits.fail ? "fail" : used >= limits.warn ? "warn" : "pass";
  return {
    status,
    code: status === "pass" ? "ok" : status === "warn" ? "nearly-full" : "full",
    observedValue: used,
    message: `${fullest.path} is ${used} % full`,
    figures: {
      stack_filesystem_size_bytes: each(({ blocks }) => blocks),
      stack_filesystem_free_bytes: each(({ available }) => available),
    },
  };
}

function usedPercent(one: FileSystemFigures): number {
  const blocks = one.blocks === 0 ? 0 : 1 - one.available / one.blocks;
  const files = one.files === 0 ? 0 : 1 - one.filesFree / one.files;
  return 100 * Math.max(blocks, files);
}

/** Undefined where the folder is not there or may not be looked at: then its parent's figures stand for it. */
async function askKernel({
  path,
  component,
}: Pick<FileSystemFigures, "path" | "component">): Promise<FileSystemFigures | undefined> {
  try {
    const found = await statfs(path);
    return {
      path,
      component,
      blocks: found.blocks,
      blockSize: found.bsize,
      available: found.bavail,
      files: found.files,
      filesFree: found.ffree,
    };
  } catch (error) {
    if (isErrno(error, "ENOENT", "EACCES", "ENOTDIR")) return undefined;
    throw error;
  }
}
