import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";

const file = join(import.meta.dirname, "../../lib/end-soon.ts");
const program = (text: string) =>
  spawn(process.execPath, ["--input-type=module", "-e", `import { endSoon } from ${JSON.stringify(file)};\n${text}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });

t.test("a slow reader gets all that was printed, and the exit code", async (t) => {
  const child = program(`process.stdout.write("x".repeat(2_000_000)); setInterval(() => {}, 1000); endSoon(2, 50);`);
  const ended = once(child, "close");
  await sleep(1_500);
  let bytes = 0;
  for await (const chunk of child.stdout) bytes += chunk.length;
  t.equal(bytes, 2_000_000);
  t.equal((await ended)[0], 2);
});

t.test("what was left open keeps nobody waiting, nor does a reader who has gone", async (t) => {
  const child = program(`process.stdout.on("error", () => {}); process.stdout.write("x".repeat(2_000_000));
    setInterval(() => {}, 1000); endSoon(3, 50);`);
  child.stdout.destroy();
  t.equal((await once(child, "close"))[0], 3);
});
