import t from "tap";
import { lastAttempt, tellingLine } from "../../../engine/facts/last-words.ts";

const entry = (attempt: string, message: unknown): string =>
  JSON.stringify({ MESSAGE: message, _SYSTEMD_INVOCATION_ID: attempt });
const journal = [
  entry("a", "first"),
  entry("a", "cluster config file is corrupted"),
  entry("b", "second"),
  entry("b", "\u001b[38;5;160mloud\u001b[0m\nand long"),
  entry("c", "third"),
].join("\n");

t.test("only the last start that has ended is listened to: what was said before may be mended", async (t) => {
  const table: [sub: string, own: string, words: string[]][] = [
    ["auto-restart", "c", ["third"]],
    ["start", "c", ["second", "loud", "and long"]],
    ["start-pre", "d", ["third"]],
    ["running", "c", ["third"]],
  ];
  for (const [sub, own, words] of table) {
    t.strictSame(lastAttempt(journal, `SubState=${sub}\nInvocationID=${own}\n`), words, `${sub} ${own}`);
  }
  t.strictSame(lastAttempt("", "SubState=auto-restart\nInvocationID=c\n"), []);
  t.strictSame(lastAttempt(entry("a", [111, 107]), "SubState=failed\nInvocationID=a\n"), ["ok"], "bytes");
  t.strictSame(lastAttempt(entry("a", null), "SubState=failed\nInvocationID=a\n"), [], "too long");
});

t.test("the line that tells why is the last one of the first pattern that any line has", async (t) => {
  const lines = ["FATAL: one", "LOG: a", "FATAL: two", "LOG: b"];
  t.equal(tellingLine(lines, [/^PANIC: (.*)/, /^FATAL: (.*)/]), "two");
  t.equal(tellingLine(lines, [/^PANIC: (.*)/]), "LOG: b");
  t.equal(tellingLine([], [/x/]), "");
  t.equal(tellingLine(["x".repeat(1000)], [/x+/]).length, 400);
});
