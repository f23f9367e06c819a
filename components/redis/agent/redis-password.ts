import { readFile } from "node:fs/promises";
import type { Executors } from "../../../engine/action.ts";
import { type Sealed, secretMark } from "../../../engine/secrets/sealed.ts";
import { whileStale } from "../../../engine/state/stale.ts";
import { writeFileAtomic } from "../../../lib/files.ts";
import { redisCode, withRedis } from "./client.ts";

const LOGIN_TIMEOUT = 5_000;

/** Whether a configuration is the one that is wanted but for another password. Says nothing of either. */
export function differsByPassword(wanted: Sealed, found: string): boolean {
  const mark = secretMark("redis.auth");
  const lines = found.split("\n");
  const others = wanted.split("\n");
  if (lines.length !== others.length) return false;
  return others.every((other, index) => {
    const line = lines[index] ?? "";
    if (!other.includes(mark)) return line === other;
    return new RegExp(`^${other.replace(mark, "[A-Za-z0-9_-]{16,128}")}$`).test(line);
  });
}

/**
 * Gives a running node its new password by the one before, which its configuration still has; then
 * writes that. Who is logged in stays so (redis.io/docs, CONFIG SET requirepass). A node that runs
 * with neither is restarted, as with any configuration that it has not read.
 */
export const redisPassword: Executors["redisPassword"] = {
  together: true,
  describe: ({ path }) => path,
  async apply({ port, unit, path, mode, owner, text }, io) {
    const before = /^requirepass (\S+)$/m.exec(await readFile(path, "utf8"))?.[1] ?? "";
    const [password, open, ids] = await Promise.all([io.secret("redis.auth"), io.unseal(text), io.owner(owner)]);
    const write = (): Promise<void> => writeFileAtomic(path, open, { mode, ...ids });
    const signal = AbortSignal.any([io.signal, AbortSignal.timeout(LOGIN_TIMEOUT)]);
    const set = ["SET", "masterauth", password, "requirepass", password];
    try {
      await withRedis(port, before, signal, (client) => client.call("CONFIG", ...set));
    } catch (error) {
      if (redisCode(error) !== "WRONGPASS") throw error;
      return whileStale(io.paths.run, [unit], write);
    }
    await write();
  },
};
