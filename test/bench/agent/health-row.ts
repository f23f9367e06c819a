import { spawn } from "node:child_process";
import { once } from "node:events";
import { type Load, load } from "../../container/load.ts";
import type { Row } from "../row.ts";

/** Where a stack runs whose agent is asked. */
export interface Site {
  /** The container's network namespace, `/proc/PID/ns/net`. */
  readonly namespace: string;
  /** The agent's port. */
  readonly port: number;
}

const perSecond = 1000;
const seconds = 10;

/** `/health` under a thousand requests a second, beside a server that answers a constant to as many. */
export function healthRow(site: () => Promise<Site>): Row {
  return {
    name: "health",
    title: `/health, p99 at ${perSecond} requests/s`,
    target: { atMost: 5, unit: "ms" },
    measure: async () => {
      const { namespace, port } = await site();
      const figures = answered(await load({ url: `http://127.0.0.1:${port}/health`, perSecond, seconds, namespace }));
      const reference = answered(await constant(namespace, figures.bytes));
      return {
        figure: { value: figures.p99, unit: "ms" },
        reference: { value: reference.p99, unit: "ms", what: "node:http answering a constant" },
      };
    },
  };
}

/** As many requests to a server of node's that answers always the same, as long a text. */
async function constant(namespace: string, bytes: number): Promise<Load> {
  const program = `const text = "x".repeat(${bytes});
    const server = require("node:http").createServer((_, answer) => answer.end(text));
    server.listen(0, "127.0.0.1", () => console.log(server.address().port));`;
  const child = spawn("nsenter", [`--net=${namespace}`, process.execPath, "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [port] = await once(child.stdout, "data");
    return await load({ url: `http://127.0.0.1:${Number(port)}/`, perSecond, seconds, namespace });
  } finally {
    child.kill();
    await once(child, "exit");
  }
}

/** @throws Error where requests failed: their times say nothing */
function answered(found: Load): Load {
  if (found.failed === 0 && found.answered === perSecond * seconds) return found;
  throw new Error(`${found.failed} of ${perSecond * seconds} requests failed`);
}
