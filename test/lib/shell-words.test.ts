import { execFileSync } from "node:child_process";
import t from "tap";
import { shellWord, shellWords } from "../../lib/shell-words.ts";

t.test("a POSIX shell takes the line apart into the same words", async (t) => {
  const words = ["plain", "", 'it\'s; $(ours) \\ "x"', "~", "A=b", "--mode=unshare", "a\nb", "*", "§"];
  const script = `for word in ${shellWords(words)}; do printf '%s\\0' "$word"; done`;
  t.same(execFileSync("sh", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1), words);
});

t.test("what means nothing to a shell stays bare", async (t) => {
  t.equal(shellWord("/usr/bin/x-1.0_a:b@c%d,e+f"), "/usr/bin/x-1.0_a:b@c%d,e+f");
  t.equal(shellWord("--mode=unshare"), "--mode=unshare");
  t.equal(shellWord("A=b"), "'A=b'", "an assignment, as the first word");
});

t.test("a word with a NUL is refused", async (t) => {
  t.throws(() => shellWord("a\0b"), { code: "nul-in-word" });
});
