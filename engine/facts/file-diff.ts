import { lstat, readFile } from "node:fs/promises";
import { isErrno } from "../../lib/error.ts";
import type { Sealed } from "../secrets/sealed.ts";
import type { Accounts } from "./accounts.ts";
import { hideValues } from "./hide-values.ts";
import { unifiedDiff } from "./unified-diff.ts";

/** A file as it should be. */
export interface WantedFile {
  readonly path: string;
  readonly mode: number;
  readonly owner: string;
  readonly text: Sealed;
}

export interface FileDiffContext {
  readonly accounts: Accounts;
  /** Secrets' values in every form they are written in, and the mark of each. */
  readonly values: ReadonlyMap<string, string>;
}

/** Bytes of a file that are still shown. */
const LIMIT = 256 * 1024;
const PERMISSIONS = 0o7777;
const FOR_ALL = 0o004;

/**
 * How what is at a path becomes the file that should be there, as a unified diff with the
 * modes and owners where they differ. No value of a secret is in it: known ones are shown by
 * name, and of a file that holds secrets or is not for everybody no unknown one is.
 */
export async function fileDiff(wanted: WantedFile, context: FileDiffContext): Promise<string> {
  const { path, text } = wanted;
  const found = await lstatIfAny(path);
  if (found === undefined) return joined(["--- /dev/null", `+++ ${path}`, ...unifiedDiff("", text)]);
  if (!found.isFile()) return joined([`--- ${path} (is no file)`, `+++ ${path}`, ...unifiedDiff("", text)]);
  const have = described(found.mode & PERMISSIONS, ownerOf(found, context.accounts));
  const want = described(wanted.mode, wanted.owner);
  const head = have === want ? [] : [`old ${have}`, `new ${want}`];
  if (found.size > LIMIT) return joined([...head, `${path}: ${found.size} bytes, too many to be shown`]);
  const bytes = await readFile(path);
  const current = readable(bytes);
  if (current === undefined) return joined([...head, `${path}: ${bytes.length} bytes that are no text, not shown`]);
  const guarded = text.includes("«secret:") || (wanted.mode & found.mode & FOR_ALL) === 0;
  const show = guarded ? hideValues(text) : undefined;
  const hunks = unifiedDiff(named(current, context.values), text, show);
  return joined([...head, ...(hunks.length === 0 ? [] : [`--- ${path}`, `+++ ${path}`, ...hunks])]);
}

/** Longest first: a form of a value may hold another. */
function named(text: string, values: FileDiffContext["values"]): string {
  return [...values]
    .sort(([a], [b]) => b.length - a.length)
    .reduce((shown, [value, mark]) => shown.replaceAll(value, mark), text);
}

function readable(bytes: Buffer): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}

function described(mode: number, owner: string): string {
  return `mode ${mode.toString(8).padStart(4, "0")} ${owner}`;
}

function ownerOf({ uid, gid }: { readonly uid: number; readonly gid: number }, { users, groups }: Accounts): string {
  const name = (id: number, names: ReadonlyMap<string, number>): string =>
    [...names].find(([, other]) => other === id)?.[0] ?? String(id);
  return `${name(uid, users)}:${name(gid, groups)}`;
}

async function lstatIfAny(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

function joined(lines: readonly string[]): string {
  // Control characters of what somebody wrote into a file are not for a terminal.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return lines.map((line) => line.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "�")).join("\n");
}
