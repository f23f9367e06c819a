import type { CheckOpener, Outcome } from "../../../engine/check.ts";
import { failedLook } from "../../../engine/failed-look.ts";
import { httpLine } from "../../../lib/http-line.ts";
import { loopback } from "../../../stack/loopback.ts";

/** A server's own word that it is ready. The stack runs without it: what is wrong with it only warns. */
export function readyCheck(port: number): CheckOpener {
  return () => {
    const line = httpLine({ host: loopback, port, path: "/-/ready" });
    return {
      run: async (signal) => {
        const outcome = await line.get(signal).then(({ status }) => readyOutcome(status), failedLook);
        return outcome.status === "fail" ? { ...outcome, status: "warn" } : outcome;
      },
      close: async () => line.close(),
    };
  };
}

function readyOutcome(status: number): Outcome {
  if (status === 200) return { status: "pass", code: "ok" };
  return {
    status: "warn",
    code: status === 503 ? "starting" : "unexpected-answer",
    message: `GET /-/ready: ${status}`,
  };
}
