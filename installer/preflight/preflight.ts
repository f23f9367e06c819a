import { StackError } from "../../lib/error.ts";
import type { Wanted } from "../wanted/wanted.ts";
import type { Finding } from "./check.ts";
import { checks } from "./checks.ts";
import type { Facts } from "./facts.ts";

export interface Verdict {
  /** What stops the deployment. */
  readonly refusals: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** Everything the checks have to say, in their order. */
export function preflight(facts: Facts, wanted: Wanted): Verdict {
  return {
    refusals: checks.flatMap((check) => check.refuse?.(facts, wanted) ?? []),
    warnings: checks.flatMap((check) => check.warn?.(facts, wanted) ?? []),
  };
}

/** @throws StackError with the refusal's code, or `preflight` where there are several: each with its fix in `detail` */
export function assertPossible({ refusals }: Verdict, node: string): void {
  const [first, ...more] = refusals;
  if (first === undefined) return;
  if (more.length === 0) throw new StackError(first.code, first.message, { hint: first.fix });
  throw new StackError("preflight", `${node} can't take it; nothing was changed`, {
    detail: refusals.flatMap(({ code, message, fix }) => [`${message} [${code}]`, ...fixLines(fix)]),
  });
}

/** Commands of their own line each stay that. */
function fixLines(fix: string): readonly string[] {
  const [first, ...more] = fix.split("\n");
  return [`  fix: ${first}`, ...more.map((line) => `       ${line}`)];
}
