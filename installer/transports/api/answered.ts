import * as z from "zod/mini";
import { StackError } from "../../../lib/error.ts";
import { refusedByNode } from "../refused-by-node.ts";

export interface HttpAnswer {
  readonly status: number;
  /** The reason phrase: where Proxmox says what is wrong. */
  readonly reason: string;
  readonly text: string;
  /** What was asked: "POST /nodes/pve1/lxc". */
  readonly what: string;
}

const envelope = z.object({
  data: z.optional(z.unknown()),
  errors: z.optional(z.record(z.string(), z.string())),
});

/**
 * What an answer of the API says under `data`.
 *
 * @throws StackError `not-authenticated` (401), `not-allowed` (403), `refused-by-node` (else), `no-proxmox`
 */
export function answered({ status, reason, text, what }: HttpAnswer): unknown {
  const body = envelope.safeParse(jsonOrUndefined(text));
  if (status === 200 && body.success) return body.data.data;
  if (status === 200) {
    throw new StackError("no-proxmox", `the answer to ${what} is not of Proxmox's API`, {
      hint: "is this the node's address? its port is 8006",
    });
  }
  if (status === 401) {
    throw new StackError("not-authenticated", `the node does not know who asks: ${reason}`, {
      hint: "is the token (PROXMOX_TOKEN, --token-file) or the password right, and not expired? pveum user token list USER",
    });
  }
  const errors = (body.success && body.data.errors) || {};
  throw refusedByNode({ what, status, reason, errors });
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
