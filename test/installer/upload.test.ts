import { stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import t from "tap";
import { apiTransport } from "../../installer/transports/api/api-transport.ts";
import { paperNode } from "./paper-node.ts";

t.setTimeout(300_000);

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
