import type * as z from "zod/mini";
import { StackError } from "../../lib/error.ts";
import { tail } from "../../lib/run.ts";
import { errorDocument, progressDocument } from "../../stack/documents/progress.ts";
import type { ExecResult } from "../ssh/exec-over.ts";

/** What a program printed as one JSON document; undefined where it did not. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The document that an agent printed.
 *
 * @param what of it, for the message: "what container 120 says of itself"
 * @throws StackError `strange-answer`: it is of another version
 */
export function documentOf<S extends z.ZodMiniType>(schema: S, said: unknown, what: string): z.output<S> {
  const parsed = schema.safeParse(said);
  if (parsed.success) return parsed.data;
  throw new StackError("strange-answer", `${what} is not what this deploy-template understands`, {
    detail: parsed.error.issues.slice(0, 5).map(({ path, message }) => `${path.join(".")}: ${message}`),
    hint: "stack-agent --version there and deploy-template --version here: use the deploy-template of the newer one",
  });
}

/** An error of the agent on the host, told as its own: code, message, hint, last lines. */
export function agentsError({ stdout, stderr, code }: ExecResult, otherwise: string): StackError {
  const said = jsonOf(stdout);
  const progress = progressDocument.safeParse(said);
  const thrown = errorDocument.safeParse(said);
  const failed = progress.success ? progress.data.stages.flatMap(({ error }) => error ?? []) : [];
  const [first, ...more] = thrown.success ? [thrown.data] : failed;
  if (first === undefined) {
    return new StackError("agent-failed", `${otherwise}: stack-agent ended with ${code}`, {
      detail: tail(stdout + stderr),
    });
  }
  const others = more.filter(({ message }) => message !== first.message);
  return new StackError(first.code, first.message, {
    hint: first.hint,
    cause: first.cause,
    detail: [...first.detail, ...others.flatMap((one) => [`${one.message} [${one.code}]`, ...one.detail])],
  });
}
