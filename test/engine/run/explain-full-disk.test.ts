import t from "tap";
import { type Disk, explainFullDisk } from "../../../engine/run/explain-full-disk.ts";
import { StackError } from "../../../lib/error.ts";

const MiB = 1024 * 1024;
const disk = (free: number, more: Partial<Disk> = {}): Disk => ({
  path: "/",
  free,
  size: 4096 * MiB,
  inodes: 1000,
  ...more,
});
const explain = (error: unknown, ...disks: Disk[]) => explainFullDisk(error, async () => disks);
const errno = (code: string, message: string) => Object.assign(new Error(message), { code });

t.test("whoever says it, in whatever words: the disk is full, what is free where, what helps", async (t) => {
  const told = [
    new StackError("ENOSPC", "writeFile /etc/x: ENOSPC: no space left on device, write"),
    new StackError("command-failed", "initdb ended with exit code 1", {
      detail: ["could not write: No space left on device"],
    }),
    new StackError("unit-failed", "redis did not start", { cause: errno("ENOSPC", "ENOSPC: no space left on device") }),
    new StackError("check-failed", "rabbitmq:roundtrip did not pass (disk-alarm: low on disk)"),
    new StackError("command-failed", "apt-get", {
      detail: ["E: You don't have enough free space in /var/cache/apt/archives/."],
    }),
    errno("53100", "konnte Datei nicht erweitern"),
    errno("ENOSPC", "ENOSPC: no space left on device, write"),
  ];
  for (const error of told) {
    // What failed may have cleaned up after itself: there is room again by now.
    const full = await explain(error, disk(700 * MiB));
    t.match(full, {
      code: "disk-full",
      message: /the disk is full: 700 MiB of 4\.0 GiB free on \/$/,
      hint: /^df -h \/; .*stack-agent provision$/,
    });
    t.notMatch((full as Error).message, "ENOSPC");
  }
});

t.test("a riddle on a full disk is no riddle: no space, or no inode", async (t) => {
  const riddle = new StackError("unit-failed", "postgresql@15-main.service did not start", { detail: ["last line"] });
  t.match(await explain(riddle, disk(0), disk(900 * MiB, { path: "/var/lib" })), {
    code: "disk-full",
    message: "postgresql@15-main.service did not start: the disk is full: 0 KiB of 4.0 GiB free on /",
    detail: ["last line"],
  });
  t.match(await explain(riddle, disk(900 * MiB, { inodes: 0 })), { message: /no inode left on \// });
  t.match(await explain(riddle, disk(16 * MiB, { inodes: undefined })), { code: "unit-failed" });
  t.match(await explain(riddle, disk(10 * MiB, { path: "/run", size: 50 * MiB })), { code: "unit-failed" });
});

t.test("other errors stay what they are", async (t) => {
  const other = new StackError("unit-failed", "postgresql@15-main.service did not start");
  t.equal(await explain(other, disk(17 * MiB)), other);
  const stopped = new StackError("aborted", "provisioning was stopped", { exit: 130 });
  t.equal(await explain(stopped, disk(0)), stopped);
});

t.test("what has to be done may be said by who knows: also of what was told as a full disk before", async (t) => {
  const hint = "nothing was changed; make room";
  const riddle = new StackError("backup-failed", "pgbackrest backup: [2] No such file or directory");
  t.match(await explainFullDisk(riddle, async () => [disk(0)], hint), { code: "disk-full", hint });
  const known = new StackError("disk-full", "copying: no room", { hint: "make room in the target", detail: ["a"] });
  const told = await explainFullDisk(known, async () => [], hint);
  t.match(told, { code: "disk-full", message: "copying: no room", hint, detail: ["a"] });
  t.equal(await explainFullDisk(riddle, async () => [], hint), riddle);
});
