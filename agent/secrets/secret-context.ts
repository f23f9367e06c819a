import { type Run, run } from "../../lib/run.ts";
import type { Model } from "../../stack/model.ts";
import { requireRoot } from "../cli/require-root.ts";
import { loadModel } from "../model/load-model.ts";
import type { SendDatagram } from "../notify/datagram-sender.ts";
import { type AuditSecret, auditSecret, thisActor } from "./audit-secret.ts";

/** What a command about secrets works with. */
export interface SecretContext {
  readonly model: Model;
  readonly audit: AuditSecret;
  readonly run: Run;
  readonly signal: AbortSignal;
  /** Standard output. */
  readonly write: (text: string) => void;
}

/**
 * The same, on this machine.
 *
 * @throws StackError `not-root`; as loadModel does
 */
export async function secretContext(
  command: string,
  {
    send,
    signal,
    write,
    userId,
  }: Pick<SecretContext, "signal" | "write"> & {
    readonly send: SendDatagram | undefined;
    readonly userId: number | undefined;
  },
): Promise<SecretContext> {
  requireRoot(command, userId);
  const audit = auditSecret(send, await thisActor(process.env, userId));
  return { model: await loadModel(), audit, run, signal, write };
}
