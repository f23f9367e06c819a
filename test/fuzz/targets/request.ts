import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { healthServer } from "../../../agent/health/health-server.ts";
import { keepHistory } from "../../../agent/health/keep-history.ts";
import { openPage } from "../../../agent/health/open-page.ts";
import { tokenGate } from "../../../agent/health/token-gate.ts";
import { systemClock } from "../../../lib/clock.ts";
import { projectFolder } from "../../../lib/project-folder.ts";
import { result, snapshot } from "../../agent/health/snapshot.ts";
import type { Target } from "../target.ts";

const token = "0123456789abcdefghijABCDEFGHIJ0123456789";
let opened: ReturnType<typeof open> | undefined;

async function open() {
  const given = snapshot({
    results: [result("postgres", { status: "fail", code: "refused", message: "secret detail" })],
  });
  const hour = keepHistory(() => given);
  const page = openPage({
    ...{ snapshot: () => given, history: hour.history, clock: systemClock },
    ...{ folder: join(projectFolder, "agent/page"), runFolder: "/nonexistent", asked: [] },
    run: async () => ({ stdout: "", stderr: "", code: 1 }),
  });
  const server = await healthServer({
    ...{ host: "127.0.0.1", port: 0 },
    source: {
      snapshot: () => given,
      process: () => ({ residentBytes: 5e7, cpuSeconds: 1, startTime: 1_700_000_000 }),
      page,
    },
    entitlement: tokenGate(async () => token, systemClock),
  });
  return {
    port: server.port,
    close: async () => {
      hour.stop();
      await server.close();
    },
  };
}

/** What is sent to the agent's port: requests, the page's stream among them. */
export const request: Target = {
  name: "request",
  seeds: () =>
    [
      ...["/", "/health", "/health/postgres", "/livez", "/readyz", "/metrics", "/status", "/page/page.css"].map(
        (path) => `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      ),
      `GET /health HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token.replace("9", "8")}\r\n\r\n`,
      "GET /page/events HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\nLast-Event-ID: 7\r\n\r\n",
      "POST /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
      "HEAD /health?x=%2e%2e%2f HTTP/1.0\r\nX: y\r\n\r\nGET /health/%00 HTTP/1.1\r\nHost: b\r\n\r\n",
    ].map((text) => Buffer.from(text)),
  slow: 10,
  read: async (input) => {
    opened ??= open();
    const { port } = await opened;
    const said = await exchange(port, input);
    if (/^HTTP\/1\.1 5(?!03)/m.test(said)) throw new Error(`it says ${said.split("\r\n")[0]}`);
    if (said.includes("secret detail") && !input.includes(token))
      throw new Error("it tells detail to who has no token");
    const after = await exchange(port, Buffer.from("GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    if (!after.startsWith("HTTP/1.1 200")) throw new Error(`afterwards it says ${after.slice(0, 80)}`);
  },
  close: async () => {
    await (await opened)?.close();
    opened = undefined;
  },
};

/** Sends bytes, and hears what comes until nothing more does for a moment; the stream of the page has no end. */
async function exchange(port: number, bytes: Buffer): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  let said = "";
  let quiet: NodeJS.Timeout | undefined;
  const wait = (): void => {
    clearTimeout(quiet);
    quiet = setTimeout(() => socket.destroy(), said === "" ? 5_000 : 50);
  };
  socket.setEncoding("latin1").on("data", (text: string) => {
    said += text;
    wait();
  });
  socket.on("error", () => {});
  socket.on("end", () => socket.destroy());
  wait();
  socket.end(bytes);
  await once(socket, "close");
  clearTimeout(quiet);
  return said;
}
