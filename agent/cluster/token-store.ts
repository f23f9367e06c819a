import { rm } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod/mini";
import { readTextIfAny, writeFileAtomic } from "../../lib/files.ts";
import type { StoredToken } from "./token.ts";

const tokens = z.array(z.object({ hash: z.string().check(z.regex(/^[0-9a-f]{64}$/)), expires: z.number() }));

/** Tokens that this member has given out, those that are over too, until none is valid. */
export interface TokenStore {
  all(): Promise<readonly StoredToken[]>;
  add(token: StoredToken, now: number): Promise<void>;
  clear(): Promise<void>;
}

/** @param folder root's alone */
export function tokenStore(folder: string): TokenStore {
  const path = join(folder, "tokens.json");
  const all = async (): Promise<readonly StoredToken[]> => {
    const text = await readTextIfAny(path);
    try {
      return text === undefined ? [] : tokens.parse(JSON.parse(text));
    } catch {
      // Nobody joins by what can't be read.
      return [];
    }
  };
  return {
    all,
    async add(token, now) {
      const valid = (await all()).filter(({ expires }) => now < expires);
      await writeFileAtomic(path, `${JSON.stringify([...valid, token])}\n`, { mode: 0o600 });
    },
    clear: () => rm(path, { force: true }),
  };
}
