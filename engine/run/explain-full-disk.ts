import { statfs } from "node:fs/promises";
import { isErrno, isStackError, messageOf, StackError } from "../../lib/error.ts";
import type { Model } from "../../stack/model.ts";

/** A file system that the stages write to, bytes. */
export interface Disk {
  readonly path: string;
  readonly free: number;
  readonly size: number;
  /** Free inodes; undefined where the file system counts none. */
  readonly inodes: number | undefined;
}

/** How programs say it: the system, PostgreSQL, RabbitMQ's alarm, apt. */
const said =
  /ENOSPC|EDQUOT|no space left on device|disk quota exceeded|could not extend file|low on disk|enough free space/i;

/** Bytes below which no server of ours starts, whatever it says then: a segment of PostgreSQL's log. */
const LEAST = 16 * 1024 * 1024;

/**
 * An error whose cause is a full disk, told as that: code `disk-full`, with what is free where and
 * what helps. Any other error as it is.
 *
 * @param hint what to do; default: make room, and provision
 */
export async function explainFullDisk(
  error: unknown,
  look: () => Promise<readonly Disk[]>,
  hint?: string,
): Promise<unknown> {
  if (isStackError(error) && ["aborted", "preflight", "needs-failed"].includes(error.code)) return error;
  if (isStackError(error) && error.code === "disk-full") return hint === undefined ? error : withHint(error, hint);
  const disks = await look();
  const full = disks.filter(isFull);
  if (!saysFull(error) && full.length === 0) return error;
  const fullest = [...disks].sort((a, b) => a.free - b.free)[0];
  const where = (full.length > 0 || fullest === undefined ? full : [fullest]).map(describeDisk).join(", ");
  const what = messageOf(error).replace(/:? *(ENOSPC|EDQUOT): .*$/, "");
  const known = isStackError(error) ? error : undefined;
  return new StackError("disk-full", [what, "the disk is full", where].filter((part) => part !== "").join(": "), {
    hint:
      hint ??
      `df -h ${full[0]?.path ?? fullest?.path ?? "/"}; make room (apt-get clean, journalctl --vacuum-size=50M, on the node: pct resize VMID rootfs +5G), then: stack-agent provision`,
    detail: known?.detail ?? [],
    cause: known?.cause ?? (known === undefined ? error : undefined),
  });
}

function withHint({ code, message, detail, cause }: StackError, hint: string): StackError {
  return new StackError(code, message, { hint, detail, cause });
}

/** The disks of the folders that a stack's stages write to, each file system once. */
export async function disksOf({ paths, data }: Pick<Model, "paths" | "data">): Promise<Disk[]> {
  const folders = ["/", "/etc", "/opt", "/var/lib", paths.state, paths.run, ...data.map(({ path }) => path)];
  const found = await Promise.all(folders.map(diskAt));
  const seen = new Set<string>();
  return found
    .filter((disk) => disk !== undefined)
    .filter(({ size, free }) => !seen.has(`${size} ${free}`) && seen.add(`${size} ${free}`));
}

/** The file system that a folder is on; none where there is no such folder. */
export async function disksAt(path: string): Promise<readonly Disk[]> {
  const disk = await diskAt(path);
  return disk === undefined ? [] : [disk];
}

async function diskAt(path: string): Promise<Disk | undefined> {
  try {
    const { bavail, blocks, bsize, files, ffree } = await statfs(path);
    return { path, free: bavail * bsize, size: blocks * bsize, inodes: files === 0 ? undefined : ffree };
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "EACCES")) return undefined;
    throw error;
  }
}

/** A small file system in memory, as /run, may have little left and still be far from full. */
function isFull({ free, size, inodes }: Disk): boolean {
  return (free < LEAST && free < size / 20) || inodes === 0;
}

function saysFull(error: unknown): boolean {
  const texts = [messageOf(error), ...(isStackError(error) ? error.detail : [])];
  if (texts.some((text) => said.test(text))) return true;
  // SQLSTATE disk_full, whatever language the server speaks.
  if (isErrno(error, "53100")) return true;
  return error instanceof Error && error.cause !== undefined && saysFull(error.cause);
}

function describeDisk({ path, free, size, inodes }: Disk): string {
  if (inodes === 0) return `no inode left on ${path}`;
  return `${amount(free)} of ${amount(size)} free on ${path}`;
}

function amount(bytes: number): string {
  if (bytes < 1024 ** 2) return `${Math.floor(bytes / 1024)} KiB`;
  if (bytes < 1024 ** 3) return `${Math.floor(bytes / 1024 ** 2)} MiB`;
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}
