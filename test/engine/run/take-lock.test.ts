import { spawn } from "node:child_process";
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import t from "tap";
import { namedLocks } from "../../../engine/run/named-locks.ts";
import { lastTaken, lendLock, takeLock } from "../../../engine/run/take-lock.ts";
import { run } from "../../../lib/run.ts";

t.test("one engine at a time; the lock is free again when it is given back", async (t) => {
  const folder = t.testdir();
  const lock = await takeLock(folder, run);
  await t.rejects(takeLock(folder, run), { code: "already-running", hint: /status --wait/ });
  await lock.close();
  await (await takeLock(folder, run)).close();
});

t.test("when it was last taken is told while it is free; a look takes it from nobody", async (t) => {
  const folder = t.testdir();
  const before = await lastTaken(folder, run);
  t.type(before, "number", "also where nobody ever took it");
  t.equal(await lastTaken(folder, run), before, "a look is no taking");
  const lock = await takeLock(folder, run);
  t.equal(await lastTaken(folder, run), undefined);
  await lock.close();
  t.ok(Number(await lastTaken(folder, run)) > Number(before), "who was at work meanwhile is seen");
  const looks = Array.from({ length: 20 }, () => lastTaken(folder, run));
  await (await takeLock(folder, run)).close();
  await Promise.all(looks);
});

t.test("a process killed with -9 leaves no lock, though a child of its lives on", async (t) => {
  const folder = t.testdir();
  const url = (path: string) => JSON.stringify(pathToFileURL(path).href);
  const code = `
    import { spawn } from "node:child_process";
    const { takeLock } = await import(${url("engine/run/take-lock.ts")});
    const { run } = await import(${url("lib/run.ts")});
    await takeLock(${JSON.stringify(folder)}, run);
    const child = spawn("sleep", ["60"], { stdio: "ignore", detached: true });
    console.log(child.pid);
    setInterval(() => {}, 1000);
  `;
  const holder = spawn(process.execPath, ["--input-type=module", "--eval", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(holder.stdout, "data");
  const child = Number(String(line).trim());
  t.teardown(() => process.kill(child));
  await t.rejects(takeLock(folder, run), { code: "already-running" });
  holder.kill("SIGKILL");
  await once(holder, "exit");
  await (await takeLock(folder, run)).close();
});

t.test(
  "a child that is lent the lock works under it, and gives nothing back; another has no use of the word",
  async (t) => {
    const folder = t.testdir();
    const url = (path: string) => JSON.stringify(pathToFileURL(path).href);
    const code = `
    const { takeLock } = await import(${url("engine/run/take-lock.ts")});
    const { run } = await import(${url("lib/run.ts")});
    const lock = await takeLock(${JSON.stringify(folder)}, run);
    await lock.close();
  `;
    const args = ["--input-type=module", "--eval", code];
    const lock = await takeLock(folder, run);
    await run(process.execPath, args, lendLock(lock));
    await t.rejects(takeLock(folder, run), { code: "already-running" }, "it is held still");
    const told = run(process.execPath, args, { env: lendLock(lock).env });
    await t.rejects(told, { code: "command-failed" }, "the environment alone opens nothing");
    await lock.close();
  },
);

t.test("named locks: first come first served, a failure frees the next, other names don't wait", async (t) => {
  const withLock = namedLocks();
  const order: string[] = [];
  let open: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const first = withLock("dpkg", async () => {
    await gate;
    order.push("first");
    throw new Error("broken");
  });
  const second = withLock("dpkg", async () => void order.push("second"));
  await withLock("systemd", async () => void order.push("other"));
  await withLock(undefined, async () => void order.push("none"));
  open();
  await t.rejects(first, { message: "broken" });
  await second;
  t.same(order, ["other", "none", "first", "second"]);
});
