/**
 * Asks a URL so many times a second for so many seconds, whether or not the answers keep up,
 * and prints, in its last line, how long they took: `node load-child.ts URL PER_SECOND SECONDS [fresh]`. SIGTERM ends it
 * sooner. `fresh`: each request by a connection of its own.
 *
 * A program of its own: it runs inside a network namespace, and its own work must not delay
 * what a test does beside it.
 */
import { Agent, get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const [url = "", perSecond = "1000", seconds = "10", fresh] = process.argv.slice(2);
const agent = new Agent(fresh === "fresh" ? { keepAlive: false } : { keepAlive: true, maxSockets: 64 });
const total = Number(perSecond) * Number(seconds);
const times: number[] = [];
const statuses = new Map<number, number>();
const errors = new Map<string, number>();
let failed = 0;
let bytes = 0;

function ask(due: number): Promise<void> {
  return new Promise((resolve) => {
    const asked = get(url, { agent }, (answer) => {
      answer.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      answer.on("end", () => {
        // From when it was due: a server that falls behind can't hide it by keeping others waiting.
        times.push(performance.now() - due);
        const status = answer.statusCode ?? 0;
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        resolve();
      });
    });
    asked.on("error", (error: NodeJS.ErrnoException) => {
      failed += 1;
      const code = error.code ?? error.message;
      errors.set(code, (errors.get(code) ?? 0) + 1);
      resolve();
    });
  });
}

const started = performance.now();
const asking: Promise<void>[] = [];
let stopped = false;
process.once("SIGTERM", () => {
  stopped = true;
});
console.log("asking");
while (asking.length < total && !stopped) {
  const due = started + (1000 / Number(perSecond)) * asking.length;
  if (due > performance.now()) await sleep(1);
  else asking.push(ask(due));
}
await Promise.all(asking);
agent.destroy();
times.sort((a, b) => a - b);
const at = (share: number): number => Math.round(1000 * (times[Math.floor(share * (times.length - 1))] ?? 0)) / 1000;
const took = (performance.now() - started) / 1000;
console.log(
  JSON.stringify({
    answered: times.length,
    failed,
    errors: Object.fromEntries(errors),
    statuses: Object.fromEntries(statuses),
    perSecond: times.length / took,
    bytes: Math.round(bytes / Math.max(1, times.length)),
    p50: at(0.5),
    p99: at(0.99),
    max: at(1),
  }),
);
