import { isErrno, isStackError, messageOf } from "../lib/error.ts";
import type { Outcome } from "./check.ts";

/** What a look counts as that ended with an error. */
export function failedLook(error: unknown): Outcome {
  return { status: "fail", code: failureCode(error), message: messageOf(error) };
}

function failureCode(error: unknown): string {
  if (isStackError(error)) return error.code;
  if (isErrno(error, "ECONNREFUSED")) return "refused";
  if (isErrno(error, "ETIMEDOUT")) return "timeout";
  if (isErrno(error, "ECONNRESET", "EPIPE")) return "disconnected";
  return "internal";
}
