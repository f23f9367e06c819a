import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { collectEvidence } from "../../../agent/support/collect-evidence.ts";
import { redactor } from "../../../engine/secrets/redactor.ts";

t.test("each is written without its secrets, one that fails is told, and of a long one its end is kept", async (t) => {
  const folder = t.testdir();
  const controller = new AbortController();
  const lines: string[] = [];
  const options = {
    folder,
    redact: redactor(["a-secret-value"]),
    signal: controller.signal,
    tell: (line: string) => void lines.push(line),
  };
  const long = `${"x".repeat(17 * 1024 * 1024)}end`;
  const evidence = [
    { path: "one/a.txt", about: "a", collect: async () => "has a-secret-value twice: a-secret-value" },
    { path: "b.txt", about: "b", collect: () => Promise.reject(new Error("no a-secret-value for you")) },
    { path: "c.txt", about: "c", collect: async () => long },
  ];
  const files = await collectEvidence(evidence, options);
  t.match(files, [
    { path: "one/a.txt", redacted: 2, bytes: Buffer.byteLength("has «secret» twice: «secret»") },
    { path: "b.txt", error: "no «secret» for you", bytes: 0 },
    { path: "c.txt", cut: 1024 * 1024 + 3 },
  ]);
  t.equal(await readFile(join(folder, "one/a.txt"), "utf8"), "has «secret» twice: «secret»");
  t.equal((await stat(join(folder, "one/a.txt"))).mode & 0o777, 0o600);
  t.match((await readFile(join(folder, "c.txt"), "utf8")).slice(-5), "xxend");
  t.strictSame(lines, ["1 of 3: one/a.txt", "2 of 3: b.txt", "3 of 3: c.txt"]);
  controller.abort();
  await t.rejects(collectEvidence([evidence[1] as never], options), /for you/, "an abort ends it");
});
