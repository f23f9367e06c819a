import { readFile, stat, truncate, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import t from "tap";
import { apiTransport } from "../../installer/transports/api/api-transport.ts";
import { type PaperNode, paperNode, vmid } from "./paper-node.ts";

t.setTimeout(300_000);

/** How a deployment on paper ends when all went well: nothing that runs there has an address. */
const asFarAsPaperGoes = { code: "no-address" };

function uploads({ node }: PaperNode): number {
  return node.state.carriedOut.filter((what) => what.endsWith("/upload")).length;
}

t.test("the file arrives byte for byte, with a checksum that the node compared", async (t) => {
  const paper = await paperNode(t);
  const path = await paper.template();
  const sent: number[] = [];
  const { node } = await paper.connect();
  const { size } = await stat(path);
  const { createHash } = await import("node:crypto");
  const sha256 = createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
  const name = basename(path);
  await node.upload({
    node: "pve1",
    storage: "local",
    path,
    name,
    bytes: size,
    sha256,
    onProgress: (now) => sent.push(now),
  });
  await paper.node.tasks.settled();
  const there = join(paper.node.state.templates("local"), name);
  t.ok((await readFile(there)).equals(await readFile(path)));
  t.ok(sent.length > 4, "progress in small steps");
  t.equal(sent.at(-1), size);
  t.match(paper.node.tasks.list().at(-1), { exitstatus: "OK", log: /checksum verified/ });
});

t.test("what is there under its name with its size is not sent again; of another size it is", async (t) => {
  const paper = await paperNode(t);
  const path = await paper.template();
  const again = async (): Promise<void> => {
    await t.rejects(paper.deploy(path), asFarAsPaperGoes);
    paper.node.state.guests.clear();
  };
  await again();
  t.equal(uploads(paper), 1);
  await again();
  t.equal(uploads(paper), 1);
  const there = join(paper.node.state.templates("local"), basename(path));
  await truncate(there, 1000);
  await again();
  t.equal(uploads(paper), 2);
  t.equal((await stat(there)).size, (await stat(path)).size);
});

t.test("a connection cut in the middle leaves nothing on the node, and the next run carries on", async (t) => {
  const paper = await paperNode(t);
  const path = await paper.template();
  paper.door.faults.cutUploadAfter = 600_000;
  await t.rejects(paper.deploy(path), {
    code: "upload-cut",
    hint: /run the same command again/,
    detail: ["left: nothing on the node"],
  });
  t.same(await paper.node.templateNames("local"), []);
  t.equal(paper.node.state.guests.size, 0);
  await t.rejects(paper.deploy(path), asFarAsPaperGoes);
  t.ok(paper.node.state.guests.has(vmid));
});

t.test("a file that arrives damaged fails the task; its log is told and no container is made", async (t) => {
  const paper = await paperNode(t);
  const path = await paper.template();
  const { node } = await paper.connect();
  const damaged = { node: "pve1", storage: "local", path, name: basename(path), bytes: (await stat(path)).size };
  const upid = (await node.upload({ ...damaged, sha256: "0".repeat(64) })) ?? "";
  const { waitTask } = await import("../../installer/node/wait-task.ts");
  const wait = { what: "checking the upload", timeout: 5000, absence: 1000, signal: new AbortController().signal };
  await t.rejects(waitTask(node, upid, wait), {
    code: "task-failed",
    message: /checking the upload failed: checksum mismatch/,
    detail: /target node: pve1/,
  });
  t.same(await paper.node.templateNames("local"), []);
});

t.test("a storage that is fuller than it said fails the task, with what is left", async (t) => {
  const paper = await paperNode(t);
  const path = await paper.template();
  paper.door.faults.before = {
    request: /upload$/,
    act: () => {
      for (const storage of paper.node.state.storages) storage.avail = 1000;
    },
  };
  await t.rejects(paper.deploy(path), {
    code: "task-failed",
    message: /No space left on device/,
    detail: /left: nothing on the node/,
  });
  t.equal(paper.node.state.guests.size, 0);
});

t.test("an upload that stands still is given up, however long a moving one may take", async (t) => {
  const paper = await paperNode(t);
  const path = join(paper.folder, "big.tar.gz");
  await writeFile(path, Buffer.alloc(40_000_000));
  // The node reads nothing of it while it thinks.
  let go: (() => void) | undefined;
  const thinking = new Promise<void>((resolve) => {
    go = resolve;
  });
  paper.door.faults.before = { request: /upload$/, act: () => thinking };
  t.teardown(() => go?.());
  const [user = "", secret = ""] = paper.own.split("=");
  const transport = apiTransport({
    host: "127.0.0.1",
    port: paper.door.port,
    credentials: { kind: "token", user, secret },
    trust: { ca: paper.identity.ca },
    patience: 500,
  });
  t.teardown(() => transport.close());
  const upload = {
    node: "pve1",
    storage: "local",
    path,
    name: "big.tar.gz",
    bytes: 40_000_000,
    sha256: "0".repeat(64),
  };
  await t.rejects(transport.upload(upload), { code: "upload-stalled" });
});
