import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import t from "tap";
import { parseSockets, readListeners, unitOf } from "../../lib/listeners.ts";

t.test("who listens on a port is told by pid and program", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  t.match(await readListeners([port]), [{ port, elsewhere: false, pid: process.pid }]);
  t.same(await readListeners([port === 1 ? 2 : 1]), []);
});

t.test("a socket that a child has too is its parent's", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const handle = (server as unknown as { readonly _handle: { readonly fd: number } })._handle;
  const child = spawn("sleep", ["60"], { stdio: [handle.fd, "ignore", "ignore"] });
  t.teardown(() => {
    child.kill();
    server.close();
  });
  t.equal((await readListeners([port]))[0]?.pid, process.pid);
});

t.test("an address of the loopback's, or any, or one elsewhere", async (t) => {
  const line = (address: string, state = "0A") => `  0: ${address}:1538 00000000:0000 ${state} 0:0 0:0 0 0 0 4242 1`;
  const elsewhere = (address: string) => parseSockets(line(address)).map((socket) => socket.elsewhere);
  t.same(elsewhere("0100007F"), [false], "127.0.0.1");
  t.same(elsewhere("00000000"), [false], "0.0.0.0");
  t.same(elsewhere("00000000000000000000000000000000"), [false], "::");
  t.same(elsewhere("00000000000000000000000001000000"), [false], "::1");
  t.same(elsewhere("0000000000000000FFFF00000100007F"), [false], "::ffff:127.0.0.1");
  t.same(elsewhere("0500000A"), [true], "10.0.0.5");
  t.match(parseSockets(line("0100007F")), [{ port: 5432, inode: "4242" }]);
  t.same(parseSockets(line("0100007F", "01")), [], "a connection is no listener");
});

t.test("the innermost unit of a process", async (t) => {
  t.equal(
    unitOf("0::/system.slice/system-postgresql.slice/postgresql@15-main.service\n"),
    "postgresql@15-main.service",
  );
  t.equal(unitOf("0::/init.scope\n"), "init.scope");
  t.equal(unitOf("4:memory:/x\n1:name=systemd:/system.slice/ssh.service\n0::/\n"), "ssh.service");
  t.equal(unitOf("0::/\n"), undefined);
});
