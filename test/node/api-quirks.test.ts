import { createHash, randomBytes, X509Certificate } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import t from "tap";
import { openApiDoor } from "./api-door.ts";
import { paperGuests } from "./guests.ts";
import { nodeIdentity } from "./node-identity.ts";
import { standIn } from "./stand-in.ts";

// The stand-in against what is known of pve-http-server, pve-manager, pve-container and
// pve-storage, asked by Node's own client: nothing of the installer is in between.

const folder = await mkdtemp(join(tmpdir(), "stack-stand-in-"));
t.teardown(() => rm(folder, { recursive: true, force: true }));
const identity = await nodeIdentity(join(folder, "tls"));
const node = standIn({ folder: join(folder, "node"), guests: paperGuests });
const door = await openApiDoor(node, identity);
t.teardown(() => door.close());
const token = `PVEAPIToken=${node.access.addToken("root@pam!quirks")}`;
node.access.addUser("root@pam", "a password");

interface Answer {
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly text: string;
  readonly data: unknown;
  readonly errors: unknown;
}

function ask(method: string, path: string, how: { headers?: Record<string, string>; body?: string | Buffer } = {}) {
  const { headers = { authorization: token }, body } = how;
  return new Promise<Answer>((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port: door.port,
      path: `/api2/json${path}`,
      method,
      ca: identity.ca,
      agent: false,
    };
    const form = body === undefined ? {} : { "content-length": String(body.length) };
    const call = request({ ...options, headers: { ...form, ...headers } } as const, (response: IncomingMessage) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => {
        const { data, errors } = text === "" ? {} : (JSON.parse(text) as { data?: unknown; errors?: unknown });
        resolve({ status: response.statusCode, reason: response.statusMessage, text, data, errors });
      });
    });
    call.on("error", reject);
    call.end(body);
  });
}

function form(fields: Readonly<Record<string, string>>): string {
  return new URLSearchParams(fields).toString();
}

t.test("its certificate is signed by its own authority, which nobody trusts by itself", async (t) => {
  const cert = new X509Certificate(identity.cert);
  t.ok(cert.verify(new X509Certificate(identity.ca).publicKey));
  t.notOk(cert.verify(cert.publicKey));
  const code = await new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port: door.port }, () => resolve("trusted"));
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  t.equal(code, "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
});

t.test("without credentials: 401 No ticket, no body, after three seconds", async (t) => {
  const before = performance.now();
  t.match(await ask("GET", "/version", { headers: {} }), { status: 401, reason: "No ticket", text: "" });
  t.ok(performance.now() - before > 2900);
});

t.test("a wrong token: 401 Authentication failed!; an upper-case secret is a wrong one", async (t) => {
  const wrong = { authorization: "PVEAPIToken=root@pam!quirks=00000000-0000-0000-0000-000000000000" };
  t.match(await ask("GET", "/version", { headers: wrong }), { status: 401, reason: "Authentication failed!" });
  const upper = { authorization: token.replace(/[0-9a-f-]{36}$/, (secret) => secret.toUpperCase()) };
  t.match(await ask("GET", "/version", { headers: upper }), { status: 401 });
});

t.test("a ticket needs the CSRF token for writes only, and is refused when it has expired", async (t) => {
  const { data } = await ask("POST", "/access/ticket", {
    headers: {},
    body: form({ username: "root@pam", password: "a password" }),
  });
  const { ticket, CSRFPreventionToken: csrf } = data as Record<string, string>;
  const cookie = `PVEAuthCookie=${encodeURIComponent(ticket ?? "")}`;
  t.match(await ask("GET", "/version", { headers: { cookie } }), { status: 200, data: { version: "8.4.1" } });
  const body = form({ vmid: "1" });
  t.match(await ask("POST", "/nodes/pve1/lxc", { headers: { cookie }, body }), { status: 401 });
  const headers = { cookie, csrfpreventiontoken: csrf ?? "" };
  t.match(await ask("POST", "/nodes/pve1/lxc", { headers, body }), { status: 400 });
  node.access.expireTickets();
  t.match(await ask("GET", "/version", { headers: { cookie } }), {
    status: 401,
    reason: "permission denied - invalid PVE ticket",
  });
});

t.test("a wrong password gives no ticket", async (t) => {
  const body = form({ username: "root@pam", password: "another" });
  t.match(await ask("POST", "/access/ticket", { headers: {}, body }), {
    status: 401,
    reason: "authentication failure",
  });
});

t.test("bad parameters are a 400 whose reason says so and whose body names each", async (t) => {
  const body = form({ vmid: "120", ostemplate: "local:vztmpl/x.tar.gz", hostname: "with_underscore", colour: "red" });
  const unknown = await ask("POST", "/nodes/pve1/lxc", { body });
  t.match(unknown, { status: 400, reason: "Parameter verification failed.", errors: { colour: String } });
  const bad = await ask("POST", "/nodes/pve1/lxc", { body: body.replace("&colour=red", "") });
  t.match(bad, { status: 400, data: null, errors: { hostname: /valid DNS name/ } });
});

t.test("a taken vmid, a missing container, an unknown node are all a 500; an unknown path is a 501", async (t) => {
  node.state.guests.set(999, { vmid: 999, type: "qemu", node: "pve1", config: {}, lock: undefined, status: "stopped" });
  const body = form({ vmid: "999", ostemplate: "local:vztmpl/x.tar.gz" });
  t.match(await ask("POST", "/nodes/pve1/lxc", { body }), {
    status: 500,
    reason: /VM 999 already exists on node 'pve1'/,
  });
  t.match(await ask("GET", "/nodes/pve1/lxc/555/status/current"), {
    status: 500,
    reason: /lxc\/555\.conf' does not exist/,
  });
  t.match(await ask("GET", "/nodes/pve9/storage"), { status: 500, reason: /hostname lookup 'pve9' failed/ });
  t.match(await ask("GET", "/nodes/pve1/coffee"), { status: 501, reason: /not implemented/ });
});

t.test("the next id is a text", async (t) => {
  t.match(await ask("GET", "/cluster/nextid"), { data: "100" });
  t.match(await ask("GET", "/cluster/nextid?vmid=999"), { status: 400, errors: { vmid: "VM 999 already exists" } });
});

t.test("a body of more than 512 KiB that is no upload is refused", async (t) => {
  const body = form({ description: "x".repeat(600 * 1024) });
  t.match(await ask("POST", "/nodes/pve1/lxc", { body }), { status: 501, reason: "for data too large" });
});

t.test("a token may set nesting and no other feature", async (t) => {
  const fields = { vmid: "300", ostemplate: "local:vztmpl/none.tar.gz", unprivileged: "1" };
  const body = form({ ...fields, features: "nesting=1,keyctl=1" });
  t.match(await ask("POST", "/nodes/pve1/lxc", { body }), { status: 403, reason: /except nesting/ });
});

t.test("a missing template is a 200 and a task that fails, and no container is left", async (t) => {
  const body = form({ vmid: "301", ostemplate: "local:vztmpl/none.tar.gz", rootfs: "local-lvm:8" });
  const { status, data } = await ask("POST", "/nodes/pve1/lxc", { body });
  t.equal(status, 200);
  t.match(data, /^UPID:pve1:[0-9A-F]{8}:[0-9A-F]{8}:[0-9A-F]{8}:vzcreate:301:root@pam!quirks:$/);
  await node.tasks.settled();
  const task = await ask("GET", `/nodes/pve1/tasks/${String(data)}/status`);
  t.match(task.data, {
    status: "stopped",
    exitstatus: /unable to create CT 301 - volume 'local:vztmpl\/none\.tar\.gz' does not exist/,
  });
  const log = await ask("GET", `/nodes/pve1/tasks/${String(data)}/log?limit=5`);
  t.match(log.data, [{ n: 1, t: /^TASK ERROR: / }]);
  t.match(await ask("GET", "/nodes/pve1/lxc/301/config"), { status: 500 });
});

t.test("a running task has no exit status", async (t) => {
  node.tasks.faults.hang.add("vzcreate");
  t.teardown(() => node.tasks.faults.hang.clear());
  const body = form({ vmid: "302", ostemplate: "local:vztmpl/none.tar.gz" });
  const { data } = await ask("POST", "/nodes/pve1/lxc", { body });
  const task = (await ask("GET", `/nodes/pve1/tasks/${String(data)}/status`)).data as object;
  t.match(task, { status: "running" });
  t.notOk("exitstatus" in task);
});

const content = randomBytes(300_000);
const sum = createHash("sha256").update(content).digest("hex");
const field = (name: string, value: string): string =>
  `--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const checked = field("checksum-algorithm", "sha256") + field("checksum", sum);
const file = (name = "filename") =>
  `--B\r\nContent-Disposition: form-data; name="${name}"; filename="some template.tar.gz"\r\nContent-Type: application/octet-stream\r\n\r\n`;
const upload = (head: string, more: Record<string, string> = {}) =>
  ask("POST", "/nodes/pve1/storage/local/upload", {
    headers: { authorization: token, "content-type": "multipart/form-data; boundary=B", ...more },
    body: Buffer.concat([Buffer.from(head), content, Buffer.from("\r\n--B--\r\n")]),
  });

t.test("an upload in Proxmox's order is taken, its name's other characters become _", async (t) => {
  const { status, data } = await upload(field("content", "vztmpl") + checked + file());
  t.equal(status, 200);
  t.match(data, /:imgcopy:/);
  await node.tasks.settled();
  t.same(await node.templateNames("local"), ["some_template.tar.gz"]);
});

t.test("an upload in another order, with another field, or a quoted boundary is not", async (t) => {
  t.match(await upload(checked + field("content", "vztmpl") + file()), { status: 501 });
  t.match(await upload(field("content", "vztmpl") + checked + file("file")), { status: 501 });
  t.match(
    await upload(field("content", "vztmpl") + checked + file(), {
      "content-type": 'multipart/form-data; boundary="B"',
    }),
    {
      status: 501,
    },
  );
});

t.test("a wrong checksum fails the task, not the request, and the file that was there stays", async (t) => {
  const wrong = field("checksum-algorithm", "sha256") + field("checksum", "0".repeat(64));
  const { status, data } = await upload(field("content", "vztmpl") + wrong + file());
  t.equal(status, 200);
  await node.tasks.settled();
  const task = await ask("GET", `/nodes/pve1/tasks/${String(data)}/status`);
  t.match(task.data, { exitstatus: /^checksum mismatch: got '[0-9a-f]{64}' != expect '0{64}'$/ });
});

t.test("a chunked upload is a 501", async (t) => {
  const answer = await new Promise<number | undefined>((resolve, reject) => {
    const call = request(
      {
        ...{ host: "127.0.0.1", port: door.port, method: "POST", ca: identity.ca, agent: false },
        path: "/api2/json/nodes/pve1/storage/local/upload",
        headers: {
          authorization: token,
          "content-type": "multipart/form-data; boundary=B",
          "transfer-encoding": "chunked",
        },
      },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    );
    call.on("error", reject);
    call.end("x");
  });
  t.equal(answer, 501);
});

t.test("a running container is not deleted: 500", async (t) => {
  node.state.guests.set(400, { vmid: 400, type: "lxc", node: "pve1", config: {}, lock: undefined, status: "running" });
  t.match(await ask("DELETE", "/nodes/pve1/lxc/400"), { status: 500, reason: /container is running/ });
});

t.test("privileges decide what is seen and done; what is refused is named", async (t) => {
  const acl = { "/storage/local": ["Datastore.Audit"], "/vms/400": ["VM.Audit"] };
  const headers = { authorization: `PVEAPIToken=${node.access.addToken("root@pam!few", acl)}` };
  const storages = (await ask("GET", "/nodes/pve1/storage", { headers })).data as { storage: string }[];
  t.same(
    storages.map(({ storage }) => storage),
    ["local"],
  );
  t.match((await ask("GET", "/cluster/resources", { headers })).data, [{ vmid: 400 }]);
  t.match(await ask("GET", "/nodes/pve1/status", { headers }), {
    status: 403,
    reason: /\(\/nodes\/pve1, Sys\.Audit\)/,
  });
  t.same((await ask("GET", "/access/permissions?path=/vms/400", { headers })).data, { "/vms/400": { "VM.Audit": 1 } });
});
