import { Agent, get } from "node:http";
import type { CheckOpener, Outcome } from "../../../engine/check.ts";
import { failedLook } from "../../../engine/failed-look.ts";
import { loopback } from "../../../stack/loopback.ts";

/** A server's own word that it is ready. The stack runs without it: what is wrong with it only warns. */
export function readyCheck(port: number): CheckOpener {
  return () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    return {
      run: async (signal) => {
        const outcome = await statusOf(port, agent, signal).then(readyOutcome, failedLook);
        return outcome.status === "fail" ? { ...outcome, status: "warn" } : outcome;
      },
      close: async () => agent.destroy(),
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

function statusOf(port: number, agent: Agent, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ host: loopback, port, path: "/-/ready", agent, signal }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
      response.on("error", reject);
    }).on("error", reject);
  });
}
