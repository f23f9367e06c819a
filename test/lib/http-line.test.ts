import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import t, { type Test } from "tap";
import { type HttpLine, httpLine } from "../../lib/http-line.ts";

const never = new AbortController().signal;

/** A server that does with each request as it is told, by the connection's number and the request's on it. */
async function serving(
  t: Test,
  answer: (socket: Socket, connection: number, request: number) => void,
): Promise<{ readonly line: HttpLine; readonly asked: readonly string[] }> {
  const asked: string[] = [];
  let connections = 0;
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    connections += 1;
    const connection = connections;
    let requests = 0;
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => {});
    socket.on("data", (data) => {
      requests += 1;
      asked.push(data.toString());
      answer(socket, connection, requests);
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const line = httpLine({ host: "127.0.0.1", port, path: "/health" });
  t.teardown(() => {
    line.close();
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { line, asked };
}

const plain = (body: string, more = ""): string =>
  `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`;

t.test("a plain answer is read as it is, whatever pieces it comes in", async (t) => {
  const whole = Buffer.from(plain('{"says":"grün"}').replace("200 OK", "503 Service Unavailable"));
  const { line, asked } = await serving(t, (socket, _, request) => {
    const cut = request * 7;
    socket.write(whole.subarray(0, cut));
    setTimeout(() => socket.write(whole.subarray(cut)), 5);
  });
  for (let look = 0; look < 8; look += 1) {
    t.strictSame((await line.get(never)).body, '{"says":"grün"}', `cut after ${(look + 1) * 7} bytes`);
  }
  t.match(await line.get(never), { status: 503 });
  t.match(asked[0], /^GET \/health HTTP\/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\n/);
});

t.test("what node reads otherwise it reads: pieces with their lengths, an end that is the connection's", async (t) => {
  const answers = {
    chunked: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nwell\r\n0\r\n\r\n",
    "until its end": "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nwell",
    "of before": "HTTP/1.0 200 OK\r\ncontent-length: 4\r\n\r\nwell",
    "after a hint": `HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${plain("well")}`,
  };
  for (const [name, answer] of Object.entries(answers)) {
    const { line } = await serving(t, (socket) => {
      socket.write(answer);
      if (/close|1\.0/.test(answer)) socket.end();
    });
    for (let look = 0; look < 3; look += 1) {
      const { status, body } = await line.get(never);
      t.strictSame({ status, body }, { status: 200, body: "well" }, name);
    }
  }
});

t.test("a server that closes after its answer, says so or has it idle too long, is asked over another", async (t) => {
  const { line } = await serving(t, (socket, connection, request) => {
    if (connection === 1) socket.end(plain("first", "Connection: close\r\n"));
    else if (connection === 2 && request === 2) socket.destroy();
    else socket.write(plain(`${connection}`));
  });
  t.match(await line.get(never), { body: "first" });
  t.match(await line.get(never), { body: "2" });
  t.match(await line.get(never), { body: "3" }, "it was closed as it was asked");
  t.match(await line.get(never), { body: "3" });
});

t.test("a new connection that ends without an answer is told", async (t) => {
  const { line } = await serving(t, (socket) => socket.end());
  await t.rejects(line.get(never), { code: "disconnected" });
});

t.test("half an answer is none", async (t) => {
  const { line } = await serving(t, (socket, _, request) => {
    if (request === 1) socket.write(plain("well"));
    else socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
  });
  t.match(await line.get(never), { body: "well" });
  await t.rejects(line.get(never), { code: "disconnected" });
});

t.test("what came unasked is no answer to the next question", async (t) => {
  const { line } = await serving(t, (socket, connection) => {
    socket.write(plain(connection === 1 ? "mine" : "asked anew") + (connection === 1 ? plain("not mine") : ""));
  });
  t.match(await line.get(never), { body: "mine" });
  t.match(await line.get(never), { body: "asked anew" });
});

t.test("one that is given up leaves no connection, and the next asks anew", async (t) => {
  const { line } = await serving(t, (socket, connection) => {
    if (connection === 2) socket.write(plain("well"));
  });
  const controller = new AbortController();
  const looking = line.get(controller.signal);
  setTimeout(() => controller.abort(new Error("enough")), 50);
  await t.rejects(looking, { message: "enough" });
  t.match(await line.get(never), { body: "well" });
});

t.test("an answer that is too long is cut off, its length told or not", async (t) => {
  const long = "x".repeat(70_000);
  const lengths = await serving(t, (socket) => socket.write(plain(long)));
  await t.rejects(lengths.line.get(never), { code: "answer-too-long" });
  await t.rejects(lengths.line.get(never), { code: "answer-too-long" });
  const heads = await serving(t, (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${long}`));
  await t.rejects(heads.line.get(never), { code: "answer-too-long" });
});
