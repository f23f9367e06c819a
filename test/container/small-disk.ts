import { mkdir, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Test } from "tap";
import { removeFolder } from "../../lib/lxc/destroy-container.ts";
import { runName } from "../../lib/lxc/run-name.ts";
import { run } from "../../lib/run.ts";
import { workFolder } from "./needs.ts";

const MiB = 1024 * 1024;

export interface SmallDisk {
  readonly folder: string;
  /** Leaves this many bytes free. */
  fill(left: number): Promise<void>;
  empty(): Promise<void>;
}

/** A file system of its own in a file, for a container's files; gone when the test ends. */
export async function smallDisk(t: Test, mebibytes: number): Promise<SmallDisk | undefined> {
  if (process.getuid?.() !== 0) {
    t.pass("a disk of its own is mounted by root", { skip: "containers are booted by root" });
    return undefined;
  }
  // Named and mounted as a container's files are: what a crashed test leaves is swept like one.
  const base = join(workFolder, runName());
  const folder = join(base, "rootfs");
  t.teardown(() => removeFolder(base, run));
  await mkdir(folder, { recursive: true });
  const image = join(base, "image");
  await run("truncate", ["--size", `${mebibytes}M`, image]);
  // -m 0: nothing is kept for root, so that full is full for everybody.
  await run("mkfs.ext4", ["-q", "-m", "0", image], { install: "apt-get install e2fsprogs" });
  await run("mount", ["--options", "loop", image, folder]);
  const filler = join(folder, "filler");
  const empty = () => rm(filler, { force: true });
  return {
    folder,
    empty,
    async fill(left) {
      await empty();
      const free = async (): Promise<number> => {
        const { bavail, bsize } = await statfs(folder);
        return bavail * bsize;
      };
      // A large file's own bookkeeping takes blocks too; what is over is filled by writing.
      await run("fallocate", ["--length", String((await free()) - left - MiB), filler]);
      // Blocks that were set aside for what is written come free once it is on the disk.
      for (let pass = 0; left === 0 && pass < 20 && (pass < 2 || (await free()) > 0); pass += 1) {
        const options = ["if=/dev/zero", `of=${filler}`, "bs=4k", "oflag=append", "conv=notrunc,fsync"];
        await run("dd", options, { accept: [0, 1] });
        await run("sync", ["--file-system", folder]);
      }
    },
  };
}
