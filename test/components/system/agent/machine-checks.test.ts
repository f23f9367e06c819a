import { writeFileSync } from "node:fs";
import t from "tap";
import { diskCheck, diskOutcome } from "../../../../components/system/agent/disk-check.ts";
import { memoryCheck, memoryOutcome } from "../../../../components/system/agent/memory-check.ts";
import type { CheckContext } from "../../../../engine/check.ts";

const never = new AbortController().signal;
const context = {} as CheckContext;
const GiB = 1024 ** 3;

t.test("the fullest file system decides, by blocks or by inodes", async (t) => {
  const row = (path: string, available: number, filesFree = 50) => ({
    path,
    component: path === "/" ? "system" : "redis",
    blocks: 100,
    blockSize: 4096,
    available,
    files: 100,
    filesFree,
  });
  const table = [
    { of: [row("/", 50)], status: "pass", code: "ok", observedValue: 50 },
    { of: [row("/", 50), row("/var/lib/redis", 15)], status: "warn", code: "nearly-full", message: /redis is 85 %/ },
    { of: [row("/", 5), row("/var/lib/redis", 15)], status: "fail", code: "full", message: /^\/ is 95 %/ },
    { of: [row("/", 90, 4)], status: "fail", code: "full", observedValue: 96 },
    { of: [{ ...row("/", 90), files: 0, filesFree: 0 }], status: "pass", observedValue: 10 },
  ];
  for (const { of, ...expected } of table) t.match(diskOutcome(of), expected);
  const { figures } = diskOutcome([row("/", 50), row("/srv/a", 30), row("/srv/b", 20), row("/srv/c", 40)]);
  t.same(
    figures?.stack_filesystem_free_bytes,
    [
      { labels: { component: "system" }, value: 50 * 4096 },
      { labels: { component: "redis" }, value: 20 * 4096 },
    ],
    "metrics tell of each component's fullest, and of no path",
  );
});

t.test("this machine's disks are looked at, folders that are not there left out", async (t) => {
  const check = diskCheck({ paths: { state: "/nowhere/at/all" } as never, data: [] })(context);
  const outcome = await check.run(never);
  t.ok(outcome.observedValue !== undefined && outcome.observedValue > 0 && outcome.observedValue <= 100);
  t.match(outcome.message, /^\/ is/);
});

t.test("while there is plenty of memory one look of three asks, and each does from when there is little", async (t) => {
  const meminfo = (available: number): string => `MemTotal: 8388608 kB\nMemAvailable: ${available * 83886} kB\n`;
  const root = `${t.testdir({ proc: { meminfo: meminfo(50) } })}/`;
  const check = memoryCheck(root)(context);
  const looks = async (available: number): Promise<readonly (number | undefined)[]> => {
    writeFileSync(`${root}proc/meminfo`, meminfo(available));
    const found = [];
    for (let look = 0; look < 3; look += 1) found.push((await check.run(never)).observedValue);
    return found;
  };
  t.strictSame(await looks(50), [50, 50, 50]);
  t.strictSame(await looks(15), [15, 15, 15], "the fourth look asks, and finds less than plenty");
  t.strictSame(await looks(8), [8, 8, 8]);
  t.strictSame(await looks(15), [15, 15, 15]);
});

t.test(
  "while there is room the kernel is asked at one look of five, and at each from when there is little",
  async (t) => {
    let asked = 0;
    let available = 50;
    const check = diskCheck({ paths: { state: "/state" } as never, data: [] }, async (place) => {
      asked += 1;
      return { ...place, blocks: 100, blockSize: 4096, available, files: 0, filesFree: 0 };
    })(context);
    const look = async (): Promise<string> => (await check.run(never)).code;
    const looks = [];
    for (let i = 0; i < 5; i += 1) looks.push(await look());
    t.strictSame(looks, ["ok", "ok", "ok", "ok", "ok"]);
    t.equal(asked, 2, "two places, once");
    available = 2;
    t.equal(await look(), "full");
    t.equal(await look(), "full");
    t.equal(asked, 6);
    available = 50;
    t.equal(await look(), "ok", "what is over is seen at once");
  },
);

t.test("memory is short by the machine or by the control group, whichever is shorter", async (t) => {
  const table = [
    { of: { total: 8 * GiB, available: 4 * GiB }, status: "pass", code: "ok", observedValue: 50 },
    { of: { total: 8 * GiB, available: 0.5 * GiB }, status: "warn", code: "short" },
    { of: { total: 8 * GiB, available: 0.1 * GiB }, status: "fail", code: "exhausted" },
    { of: { total: 64 * GiB, available: 60 * GiB, limit: 2 * GiB, used: 1.9 * GiB }, status: "warn", code: "short" },
    { of: { total: 64 * GiB, available: 60 * GiB, limit: 2 * GiB, used: 3 * GiB }, status: "fail", observedValue: 0 },
  ];
  for (const { of, ...expected } of table) t.match(memoryOutcome(of), expected);
});

t.test("less memory than provisioning takes warns, however much of it is left", async (t) => {
  const table = [
    {
      of: { total: GiB, available: 0.5 * GiB },
      status: "warn",
      code: "too-little",
      message: /pct set VMID --memory 2048/,
    },
    { of: { total: 64 * GiB, available: 60 * GiB, limit: GiB, used: 0.2 * GiB }, status: "warn", code: "too-little" },
    { of: { total: GiB, available: 0.01 * GiB }, status: "fail", code: "exhausted" },
    { of: { total: 1.98 * GiB, available: GiB }, status: "pass", code: "ok" },
  ];
  for (const { of, ...expected } of table) t.match(memoryOutcome(of), expected);
});

t.test("the control group's limit is read, v2 and v1; page cache counts as available", async (t) => {
  const proc = { meminfo: "MemTotal:       67108864 kB\nMemFree: 1 kB\nMemAvailable:   60000000 kB\n" };
  const v2 = {
    "memory.max": `${2 * GiB}\n`,
    "memory.current": `${1.9 * GiB}\n`,
    "memory.stat": `anon 5\ninactive_file ${0.9 * GiB}\n`,
  };
  const v1 = {
    memory: {
      "memory.limit_in_bytes": `${2 * GiB}\n`,
      "memory.usage_in_bytes": `${GiB}\n`,
      "memory.stat": "total_inactive_file 0\n",
    },
  };
  const unlimited = { memory: { ...v1.memory, "memory.limit_in_bytes": "9223372036854771712\n" } };
  for (const [what, cgroup, expected] of [
    ["v2", v2, 50],
    ["v2 without a limit", { ...v2, "memory.max": "max\n" }, 89.4],
    ["v1", v1, 50],
    ["v1 without a limit", unlimited, 89.4],
  ] as const) {
    const root = t.testdir({ proc, sys: { fs: { cgroup } } });
    t.match(await memoryCheck(`${root}/`)(context).run(never), { observedValue: expected }, what);
  }
});

t.test("this machine's memory is looked at", async (t) => {
  t.match(await memoryCheck()(context).run(never), { message: /of \d+ MiB/ });
});
