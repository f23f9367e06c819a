import { statfs } from "node:fs/promises";
import type { CheckOpener, Outcome } from "../../../engine/check.ts";
import { isErrno } from "../../../lib/error.ts";
import type { Model } from "../../../stack/model.ts";

/** One file system as statfs(2) tells: blocks and inodes, those a user without privilege may still take. */
export interface FileSystemFigures {
  readonly path: string;
  readonly blocks: number;
  readonly available: number;
  /** 0 where the file system counts none (btrfs). */
  readonly files: number;
  readonly filesFree: number;
}

/** How full the file systems are that the stack writes to. Each may be a volume of its own. */
export function diskCheck(model: Pick<Model, "paths" | "data">): CheckOpener {
  const paths = ["/", model.paths.state, ...model.data.map(({ path }) => path)];
  return () => ({
    run: async () => diskOutcome((await Promise.all(paths.map(figures))).filter((one) => one !== undefined)),
    close: async () => {},
  });
}

/** Percent used from which a file system counts as nearly full, and as full. */
const limits = { warn: 85, fail: 95 };

/** The fullest file system decides, by blocks or by inodes. */
export function diskOutcome(fileSystems: readonly FileSystemFigures[]): Outcome {
  const shares = fileSystems.map((one) => ({ path: one.path, used: usedPercent(one) }));
  const fullest = shares.reduce((a, b) => (b.used > a.used ? b : a), { path: "/", used: 0 });
  const used = Math.round(fullest.used * 10) / 10;
  const status = used >= limits.fail ? "fail" : used >= limits.warn ? "warn" : "pass";
  return {
    status,
    code: status === "pass" ? "ok" : status === "warn" ? "nearly-full" : "full",
    observedValue: used,
    message: `${fullest.path} is ${used} % full`,
  };
}

function usedPercent(one: FileSystemFigures): number {
  const blocks = one.blocks === 0 ? 0 : 1 - one.available / one.blocks;
  const files = one.files === 0 ? 0 : 1 - one.filesFree / one.files;
  return 100 * Math.max(blocks, files);
}

/** Undefined where the folder is not there or may not be looked at: then its parent's figures stand for it. */
async function figures(path: string): Promise<FileSystemFigures | undefined> {
  try {
    const found = await statfs(path);
    return { path, blocks: found.blocks, available: found.bavail, files: found.files, filesFree: found.ffree };
  } catch (error) {
    if (isErrno(error, "ENOENT", "EACCES", "ENOTDIR")) return undefined;
    throw error;
  }
}
