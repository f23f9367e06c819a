import type { Io } from "../../engine/action.ts";
import { unseal } from "../../engine/secrets/unseal.ts";
import { silentLog } from "../../lib/log.ts";
import { run } from "../../lib/run.ts";

/** What actions are carried out with on a server of the test's own: all is root's, and no secret is made. */
export function stageIo(secret: Io["secret"], folder = "/nowhere"): Io {
  return {
    run,
    log: silentLog,
    signal: new AbortController().signal,
    tell: () => {},
    secret,
    unseal: (text) => unseal(text, secret),
    makeSecret: async () => {},
    renewSecret: async () => {},
    owner: async () => ({ uid: 0, gid: 0 }),
    paths: { state: folder, run: folder },
  };
}
