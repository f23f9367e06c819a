import type { Log } from "../../lib/log.ts";
import type { Run } from "../../lib/run.ts";
import type { Io } from "../action.ts";
import { ownerIds, readAccounts } from "../facts/accounts.ts";
import type { SecretStore } from "../secrets/secret-store.ts";
import { unseal } from "../secrets/unseal.ts";

export interface LocalIoOptions {
  readonly run: Run;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly secrets: SecretStore;
  readonly paths: Io["paths"];
  /** uid and gid of `user:group`; default: of this machine's accounts. */
  readonly owner?: Io["owner"];
}

/** Io on the machine this process runs on. Its commands end when the signal aborts. */
export function localIo(options: LocalIoOptions): Io {
  const { signal, secrets } = options;
  return {
    run: (command, args, more = {}) =>
      options.run(command, args, {
        ...more,
        signal: more.signal === undefined ? signal : AbortSignal.any([signal, more.signal]),
      }),
    log: options.log,
    signal,
    tell: (text) => options.log("info", text),
    secret: secrets.read,
    unseal: (text) => unseal(text, secrets.read),
    makeSecret: secrets.make,
    renewSecret: secrets.renew,
    owner: options.owner ?? accountOwner,
    paths: options.paths,
  };
}

/** Read anew each time: the accounts grow while we provision. */
export async function accountOwner(owner: string): Promise<{ uid: number; gid: number }> {
  return ownerIds(owner, await readAccounts());
}
