import { spawn } from "node:child_process";
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import t from "tap";
import { namedLocks } from "../../../engine/run/named-locks.ts";
import { takeLock } from "../../../engine/run/take-lock.ts";
import { run } from "../../../lib/run.ts";

t.test("one engine at a time; the lock is free again when it is given back", async (t) => {
  const folder = t.testdir();
  const lock = await takeLock(folder, run);
  await t.rejects(takeLock(folder, run), { code: "already-running", hint: /status --wait/ });
  await lock.close();
  await (await takeLock(folder, run)).close();
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
