import { createServer } from "node:net";
import t, { type Test } from "tap";
import { judge, memcachedCheck } from "../../../../components/memcached/agent/check.ts";

const stats = (bytes: number): string => `STAT bytes ${bytes}\r\nSTAT limit_maxbytes 1000\r\nEND\r\n`;
const kept = (value: string): string => `STORED\r\nVALUE stack-agent:health 0 ${value.length}\r\n${value}\r\nEND\r\n`;

t.test("it is well where it gives back what it was given; how full it is is told", async (t) => {
  t.strictSame(judge(`${kept("17")}${stats(250)}`, "17"), {
    ...{ status: "pass", code: "ok", observedValue: 25 },
  });
  t.match(judge(`${kept("16")}${stats(0)}`, "17"), { status: "fail", code: "lost-write" });
  t.match(judge(`STORED\r\nEND\r\n${stats(0)}`, "17"), { status: "fail", code: "lost-write" });
  t.match(judge(`SERVER_ERROR out of memory storing object\r\nEND\r\n${stats(1000)}`, "17"), {
    ...{ status: "fail", code: "refused-write", message: /out of memory/ },
  });
});

/** A server of a test's own on loopback. @returns its port */
async function serve(t: Test, answer: (asked: string) => string | undefined): Promise<number> {
  const server = createServer((socket) => {
    let asked = "";
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      asked += chunk.toString();
      const said = asked.endsWith("quit\r\n") ? answer(asked) : undefined;
      if (said !== undefined) socket.end(said);
    });
  }).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  t.teardown(() => server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function look(port: number, signal = new AbortController().signal) {
  const check = memcachedCheck({ address: "127.0.0.1", port })({
    model: {} as never,
    secret: async () => undefined,
  });
  return check.run(signal);
}

t.test("it is asked on its port: answers, silence, nobody", async (t) => {
  const echo = (asked: string) => `${kept(/\r\n(\d+)\r\n/.exec(asked)?.[1] ?? "")}${stats(10)}`;
  t.match(await look(await serve(t, echo)), { status: "pass", code: "ok" });
  t.match(await look(await serve(t, () => "")), { status: "fail", code: "error", message: /without a word/ });
  const silent = await serve(t, () => undefined);
  const abort = new AbortController();
  const looking = look(silent, abort.signal);
  abort.abort();
  t.match(await looking, { status: "fail", code: "timeout" });
  const gone = createServer().listen(0, "127.0.0.1");
  await new Promise((listening) => gone.once("listening", listening));
  const address = gone.address();
  await new Promise((closed) => gone.close(closed));
  t.match(await look(typeof address === "object" ? (address?.port ?? 0) : 0), { status: "fail", code: "refused" });
});
