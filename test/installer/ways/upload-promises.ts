import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, stat, truncate } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Test } from "tap";
import { type TaskWait, waitTask } from "../../../installer/node/wait-task.ts";
import { run } from "../../../lib/run.ts";
import { waitFor } from "../../../lib/wait.ts";
import type { NodeBy } from "../node-by.ts";
import { vmid } from "../paper-node.ts";
import { asFarAsPaperGoes, creations, type Promised, remote } from "./promised.ts";

const wait: TaskWait = {
  ...{ what: "checking the upload", timeout: 20_000, absence: 1000 },
  signal: new AbortController().signal,
};

async function upload(
  by: NodeBy,
  path: string,
  more: { readonly sha256?: string; readonly onProgress?: (sent: number) => void },
) {
  const { node } = await by.connect();
  const sha256 = createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
  const file = { node: "pve1", storage: "local", path, name: basename(path), bytes: (await stat(path)).size };
  const upid = await node.upload({ ...file, sha256, ...more });
  if (upid !== undefined) await waitTask(node, upid, wait);
}

/** Everything in the storage's folder, half-sent files too, once what is cleaned up there is gone. */
async function nothingIsLeft(t: Test, by: NodeBy): Promise<void> {
  const folder = by.node.state.templates("local");
  const empty = async () => (await readdir(folder).catch(() => [])).length === 0;
  await t.resolves(waitFor(empty, { what: `${folder} to be empty`, timeout: 10_000 }));
}

export const uploadPromises: readonly Promised[] = [
  {
    promise: "the file arrives byte for byte, with progress, under its name, readable as Proxmox's own are",
    keep: async (t, by) => {
      const path = await by.template();
      const sent: number[] = [];
      await upload(by, path, { onProgress: (bytes) => sent.push(bytes) });
      const folder = by.node.state.templates("local");
      t.same(await readdir(folder), [basename(path)]);
      t.ok((await readFile(join(folder, basename(path)))).equals(await readFile(path)));
      t.equal((await stat(join(folder, basename(path)))).mode & 0o777, 0o644);
      t.ok(sent.length > 1);
      t.equal(sent.at(-1), (await stat(path)).size);
    },
  },
  {
    promise: "what is there under its name with its size is not sent again; of another size it is",
    keep: async (t, by) => {
      const path = await by.template();
      const again = async (): Promise<void> => {
        await t.rejects(by.deploy(path), asFarAsPaperGoes);
        by.node.state.guests.clear();
      };
      await again();
      await again();
      t.equal(by.uploads(), 1);
      const there = join(by.node.state.templates("local"), basename(path));
      await truncate(there, 1000);
      await again();
      t.equal(by.uploads(), 2);
      t.equal((await stat(there)).size, (await stat(path)).size);
    },
  },
  {
    promise: "a connection cut in the middle of it leaves nothing on the node, and the next run carries on",
    ways: remote,
    keep: async (t, by) => {
      const path = await by.template();
      by.cutUploadAfter(600_000);
      await t.rejects(by.deploy(path), {
        code: "upload-cut",
        hint: /run the same command again/,
        detail: ["left: nothing on the node"],
      });
      await nothingIsLeft(t, by);
      t.equal(by.node.state.guests.size, 0);
      await t.rejects(by.deploy(path), asFarAsPaperGoes);
      t.ok(by.node.state.guests.has(vmid));
    },
  },
  {
    promise: "Ctrl-C in the middle of it leaves nothing on the node",
    keep: async (t, by) => {
      const path = await by.template();
      const stop = new AbortController();
      const progress = (sent: number): void => {
        if (sent > 500_000) stop.abort("received SIGINT");
      };
      const { node } = await by.connect(stop.signal);
      const file = { node: "pve1", storage: "local", path, name: basename(path), bytes: (await stat(path)).size };
      await t.rejects(node.upload({ ...file, sha256: "0".repeat(64), onProgress: progress }), {
        code: "aborted",
        exit: 130,
      });
      await nothingIsLeft(t, by);
    },
  },
  {
    promise: "a file that arrives damaged is refused and taken away",
    keep: async (t, by) => {
      const path = await by.template();
      await t.rejects(upload(by, path, { sha256: "0".repeat(64) }), {
        code: "task-failed",
        message: /^checking the upload failed: checksum mismatch: got '[0-9a-f]{64}' != expect '0{64}'/,
      });
      await nothingIsLeft(t, by);
    },
  },
  {
    promise: "a storage that is fuller than it said is told, with what is left; no container is made",
    keep: async (t, by) => {
      if (by.way === "api") {
        by.faults.before = {
          request: /upload$/,
          act: () => {
            for (const storage of by.node.state.storages) storage.avail = 1000;
          },
        };
      } else {
        // Its files are real ones here: so is the full disk.
        const folder = by.node.state.templates("local");
        await mkdir(folder, { recursive: true });
        await run("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]);
        t.teardown(() => run("umount", [folder]));
      }
      await t.rejects(by.deploy(await by.template()), {
        code: "task-failed",
        message: /No space left on device/,
        detail: /left: nothing on the node/,
      });
      await nothingIsLeft(t, by);
      t.equal(creations(by), 0);
    },
  },
];
