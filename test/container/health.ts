import type { Test } from "tap";
import { isStackError, StackError } from "../../lib/error.ts";
import { waitFor } from "../../lib/wait.ts";
import { type HealthDocument, healthDocument } from "../../stack/documents/health.ts";
import type { Machine } from "./create-machine.ts";

/** A health document as it is answered now, with its HTTP status. */
export async function health(
  machine: Machine,
  port: number,
  path = "/health",
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly document: HealthDocument }> {
  const { status, body } = await machine
    .inside()
    .http({ url: `http://127.0.0.1:${port}${path}`, headers, timeout: 5_000 });
  return { status, document: healthDocument.parse(JSON.parse(body)) };
}

/** The components that fail, by name. */
export function failing(document: HealthDocument): string[] {
  return document.components.filter(({ status }) => status === "fail").map(({ name }) => name);
}

/**
 * Waits until /health of a port answers `expected`, and, where names are given, until those
 * components and no others fail.
 */
export async function answers(
  t: Test,
  machine: Machine,
  port: number,
  expected: 200 | 503,
  names?: readonly string[],
): Promise<void> {
  const promise = `port ${port} answers ${expected}${names === undefined ? "" : ` and names ${names.join(", ") || "nothing"}`}`;
  try {
    await waitFor(
      async () => {
        const { status, document } = await health(machine, port);
        const found = failing(document).sort();
        if (status === expected && (names === undefined || found.join() === [...names].sort().join())) return true;
        throw new StackError("not-yet", `it answers ${status} and names ${found.join(", ") || "nothing"}`);
      },
      { what: promise, timeout: 90_000, interval: 100 },
    );
    t.pass(promise);
  } catch (error) {
    const last = isStackError(error) ? error.cause : error;
    t.fail(`${promise}: ${last instanceof Error ? last.message : String(last)}`);
  }
}
