import { readFile } from "node:fs/promises";
import { StackError } from "../../lib/error.ts";
import { messageIds } from "../../stack/message-ids.ts";
import type { SecretName } from "../../stack/model.ts";
import { journalEntry, nativeEntry } from "../journal/entry.ts";
import type { SendDatagram } from "../notify/datagram-sender.ts";

export type SecretDeed = "show" | "set" | "unset" | "rotate";

/** What tells who is at work. */
export interface Actor {
  readonly userId: number | undefined;
  /** Who logged in, whoever they are now (proc(5), loginuid); undefined: nobody did. */
  readonly loginId: number | undefined;
  /** Who called sudo, by sudo's own word. */
  readonly sudoUser: string | undefined;
}

/** Writes a line of it before anything is done. */
export type AuditSecret = (deed: SecretDeed, name: SecretName) => Promise<void>;

/** proc(5): no login. */
const NOBODY = 4_294_967_295;

/** Who runs this process. */
export async function thisActor(environment: NodeJS.ProcessEnv, userId: number | undefined): Promise<Actor> {
  const text = await readFile("/proc/self/loginuid", "utf8").catch(() => String(NOBODY));
  const loginId = Number(text.trim());
  return { userId, loginId: loginId === NOBODY ? undefined : loginId, sudoUser: environment.SUDO_USER };
}

/**
 * An audit line in the journal for everything that is done with a secret: who and what, never the
 * value. It goes to journald itself, wherever standard error leads.
 *
 * @param send undefined where datagrams can't be sent
 * @throws StackError `not-audited`: nothing is to be done then
 */
export function auditSecret(
  send: SendDatagram | undefined,
  actor: Actor,
  socket = "/run/systemd/journal/socket",
): AuditSecret {
  const who = describeActor(actor);
  return async (deed, name) => {
    const entry = journalEntry("stack-agent", "notice", `${who}: secrets ${deed} ${name}`, {
      MESSAGE_ID: messageIds.secretAudit,
      STACK_SECRET: name,
      STACK_SECRET_DEED: deed,
      STACK_ACTOR: who,
      STACK_ACTOR_UID: actor.userId,
      STACK_ACTOR_LOGINUID: actor.loginId,
      STACK_ACTOR_SUDO_USER: actor.sudoUser,
    });
    try {
      if (send === undefined) throw new StackError("no-addon", "the agent's addon for datagrams is missing");
      await send(socket, nativeEntry(entry));
    } catch (cause) {
      throw new StackError("not-audited", `journald takes no audit line, so ${name} is left alone`, {
        cause,
        hint: "systemctl status systemd-journald",
      });
    }
  };
}

/** `uid 0`, `uid 0 by sudo of alice`, `uid 0, logged in as uid 1000`. */
function describeActor({ userId, loginId, sudoUser }: Actor): string {
  return [
    `uid ${userId ?? "unknown"}`,
    ...(sudoUser === undefined ? [] : [` by sudo of ${sudoUser}`]),
    ...(loginId === undefined || loginId === userId ? [] : [`, logged in as uid ${loginId}`]),
  ].join("");
}
