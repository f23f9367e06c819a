import { StackError } from "../../lib/error.ts";

/** What Proxmox says instead of data: the same over every way. */
export interface NodeRefusal {
  /** What was asked: "POST /nodes/pve1/lxc". */
  readonly what: string;
  /** As HTTP has it: 400, 403, 500. */
  readonly status: number;
  readonly reason: string;
  /** What is wrong with single parameters. */
  readonly errors: Readonly<Record<string, string>>;
}

/** `not-allowed` (403) or `refused-by-node`; `detail`: a line a parameter. */
export function refusedByNode({ what, status, reason, errors }: NodeRefusal): StackError {
  const detail = Object.entries(errors).map(([name, fault]) => `${name}: ${fault}`);
  const code = status === 403 ? "not-allowed" : "refused-by-node";
  return new StackError(code, `the node refuses ${what}: ${reason.trim()}`, { detail });
}
