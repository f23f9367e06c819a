import type { Stats } from "node:fs";
import { lstat, readFile, readlink, stat } from "node:fs/promises";
import { isErrno, StackError } from "../../lib/error.ts";
import type { FileEntry } from "../../stack/model.ts";
import type { Sealed } from "../secrets/sealed.ts";
import { type Accounts, ownerIds } from "./accounts.ts";
import type { FileDifference, FileFacts } from "./fact-reader.ts";

export interface CompareContext {
  readonly accounts: Accounts;
  /** The text with secrets' values; undefined while one of its secrets is not there. */
  readonly unseal: (text: Sealed) => Promise<string | undefined>;
}

const MODE_BITS = 0o7777;

/**
 * How what is at an entry's path differs from what the table says. Symbolic links are not
 * followed, but for a folder's: it may have been moved to where there is more room.
 */
export async function compareFile(entry: FileEntry, text: Sealed, context: CompareContext): Promise<FileFacts> {
  const found = await statsOf(entry);
  if (found === undefined) return { entry, text, differs: ["missing"] };
  if (kindOf(found) !== entry.kind) return { entry, text, differs: ["kind"] };
  if (entry.kind === "symlink") {
    const target = await readlink(entry.path);
    return { entry, text, differs: target === entry.target ? [] : ["content"] };
  }
  const differs: FileDifference[] = [];
  if (entry.kind === "file" && !(await sameContent(entry.path, found, await context.unseal(text)))) {
    differs.push("content");
  }
  if ((found.mode & MODE_BITS) !== entry.mode) differs.push("mode");
  if (!ownedBy(found, entry.owner, context.accounts)) differs.push("owner");
  return { entry, text, differs };
}

async function sameContent(path: string, found: Stats, wanted: string | undefined): Promise<boolean> {
  if (wanted === undefined) return false;
  const bytes = Buffer.from(wanted);
  return found.size === bytes.length && bytes.equals(await readFile(path));
}

function ownedBy(found: Stats, owner: string, accounts: Accounts): boolean {
  try {
    const { uid, gid } = ownerIds(owner, accounts);
    return found.uid === uid && found.gid === gid;
  } catch (error) {
    // A user not made yet owns nothing.
    if (error instanceof StackError && error.code === "no-such-user") return false;
    throw error;
  }
}

function kindOf(found: Stats): FileEntry["kind"] | "other" {
  if (found.isFile()) return "file";
  if (found.isDirectory()) return "directory";
  return found.isSymbolicLink() ? "symlink" : "other";
}

async function statsOf({ path, kind }: FileEntry): Promise<Stats | undefined> {
  const found = await ifAny(() => lstat(path));
  if (kind !== "directory" || found?.isSymbolicLink() !== true) return found;
  const behind = await ifAny(() => stat(path));
  return behind?.isDirectory() ? behind : found;
}

async function ifAny(look: () => Promise<Stats>): Promise<Stats | undefined> {
  try {
    return await look();
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
