import { open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../../../lib/error.ts";
import { type BrokerFiles, metadataTerms, type RaSystem, spareTerms, type WalFile } from "./mend-broker.ts";
import { readWal } from "./read-wal.ts";

const systems: readonly RaSystem[] = ["quorum", "coordination"];

/** A table of dets begins with the place of a list, then this number (dets_v9.erl). */
const DETS = 0x00_ab_cd_ef;

/** Looks at what is in the broker's folder; undefined where there is none. */
export async function examineBroker(folder: string): Promise<BrokerFiles | undefined> {
  const entries = await list(folder);
  if (entries === undefined) return undefined;
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const wals: WalFile[] = [];
  const tables = files.filter((name) => name === "schema.DAT").map((name) => join(folder, name));
  for (const system of systems) {
    const place = join(folder, system, "rabbit@localhost");
    for (const { name } of (await list(place)) ?? []) {
      const path = join(place, name);
      if (name.endsWith(".wal")) wals.push({ system, path, ...(await readWal(path)) });
      if (name === "meta.dets" || name === "names.dets") tables.push(path);
    }
  }
  const terms = [...spareTerms, ...metadataTerms]
    .filter((name) => files.includes(name))
    .map((name) => join(folder, name));
  const isBroken = async (path: string, is: (path: string) => Promise<boolean>): Promise<string[]> =>
    (await is(path)) ? [] : [path];
  const unreadable = await Promise.all([
    ...tables.map((path) => isBroken(path, isDets)),
    ...[...terms, `${folder}-feature_flags`].map((path) => isBroken(path, isTerm)),
  ]);
  return { folder, wals, unreadable: unreadable.flat(), metadata: files };
}

async function list(folder: string) {
  return readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  });
}

async function isDets(path: string): Promise<boolean> {
  const handle = await open(path, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(8), 0, 8, 0);
    return bytesRead === 8 && buffer.readUInt32BE(4) === DETS;
  } finally {
    await handle.close();
  }
}

/** Text that ends with a full stop; zeros behind it are read over. One that is not there is written anew. */
async function isTerm(path: string): Promise<boolean> {
  const text = await readFile(path, "latin1").catch((error: unknown) => {
    if (isErrno(error, "ENOENT")) return "[].";
    throw error;
  });
  return /^[\t\n\r\x20-\x7e]*\.\s*\0*$/.test(text);
}
