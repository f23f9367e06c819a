import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import t from "tap";
import { run } from "../../lib/run.ts";
import { fixture } from "../container/fixture.ts";
import { beside, quietly } from "./beside.ts";
import { prover } from "./prove.ts";
import { report } from "./report.ts";
import { nothingCounted, tapCounts } from "./tap-counts.ts";
import { tapPhase } from "./tap-phase.ts";

t.test("what can't be understood ends with 64 and the usage, before any test", async (t) => {
  for (const args of [["--debian=buster"], ["--cuts=0"], ["nonsense"]]) {
    const { stdout, stderr } = await run(process.execPath, ["test/run.ts", ...args], { accept: [64] });
    t.match(stderr, /^usage: npm test .*\n +npm run test:long /);
    t.equal(stdout, "");
  }
});

t.test("tap loads no plug-in that .taprc takes out, in a fresh checkout too", async (t) => {
  t.ok("testdir" in t, "one of the others");
  t.notOk("mockImport" in t);
});

t.test("tap's report is counted by the files' own tests, and each file's seconds are known", async (t) => {
  const counts = tapCounts();
  counts.write(`TAP version 14
1..2
# Subtest: test/one.test.ts
    ok 1 - a promise # time=5ms
    # Subtest: another
        not ok 1 - a state
          ---
          at:
            fileName: test/one.test.ts
            lineNumber: 7
          diff: |
            --- expected
            +++ actual
            @@ -1,1 +1,1 @@
            -running
            +degraded
          ...
        1..1
    not ok 2 - another
    ok 3 - a third # SKIP no root
    1..3
not ok 1 - test/one.test.ts # time=1500ms
ok 2 - test/two.test.ts # time=20ms {
    ok 1 - a promise
    1..1
}
`);
  const one = `test/one.test.ts: another
    a state (test/one.test.ts:7)
      -running
      +degraded`;
  t.same(counts.end(), {
    ...{ passed: 2, failed: 1, failures: [one] },
    skipped: ["test/one.test.ts: a third: no root"],
    took: [
      { what: "test/one.test.ts", seconds: 1.5 },
      { what: "test/two.test.ts", seconds: 0.02 },
    ],
  });
});

t.test(
  "a run ends with its ten slowest, its phases, and one line alone; what is skipped fails where it must not be",
  async (t) => {
    const took = Array.from({ length: 12 }, (_, index) => ({ what: `file ${index}.`, seconds: index }));
    const counts = { ...nothingCounted, passed: 3, skipped: ["x: no root"], took };
    const { text, good } = report(counts, [{ what: "unit", seconds: 61 }], false);
    t.ok(good);
    t.match(text, /\n +11\.0 {2}file 11\.\n(.*\n){8} +2\.0 {2}file 2\.\n\nphases, in seconds\n +61\.0 {2}unit\n/);
    t.notMatch(text, "file 1.");
    t.match(text, /\n3 passed, 0 failed\n$/);
    const strict = report(counts, [], true);
    t.notOk(strict.good);
    t.match(strict.text, /\n3 passed, 1 failed\n$/);
  },
);

t.test("files begin in the order named, each with what is said of it alone; one that breaks is told of", async (t) => {
  const folder = t.testdir({
    "good.test.ts": 'import t from "tap"; t.test("one", async (t) => t.pass()); t.test("two", async (t) => t.fail());',
    "broken.test.ts":
      'import t from "tap"; t.test("one", async (t) => t.pass()); setTimeout(() => process.exit(3), 500);',
    "silent.test.ts": "",
    "told.test.ts":
      'import t from "tap"; const { env } = process; t.test([env.STACK_CUTS, env.NODE_OPTIONS].join(), async (t) => t.pass());',
  });
  const files = ["told", "good", "silent", "broken"].map((name) => join(folder, `${name}.test.ts`));
  const said: string[] = [];
  const options = { terminal: { write: (text: string | Uint8Array) => said.push(String(text)) > 0 }, jobs: 1 };
  const counts = await tapPhase(files, { ...options, env: { STACK_CUTS: "1" } });
  t.match(counts, {
    passed: 3,
    failed: 3,
    failures: [/good\.test\.ts: two\n +.*$/, /silent\.test\.ts: ended badly$/, /broken\.test\.ts: ended badly$/],
  });
  t.strictSame(
    counts.took.map(({ what }) => what),
    files,
  );
  // Nothing is loaded into the Nodes that a test starts.
  t.match(said.join(""), /^ {4}ok 1 - 1, # .*\n(.*\n)* {4}ok 1 - one .*\n(.*\n)* {4}not ok 2 - two /m);
  t.match(said.join(""), /^not ok \d - .*broken\.test\.ts .*\n.*\n +ended with: 3$/m);
  t.match(await tapPhase(files, { ...options, without: files }), { failed: 1, failures: [/^no tests in /] });
});

t.test("two files are run at once; one that turns in a circle is killed", async (t) => {
  const folder = t.testdir({
    "waits.test.ts": `import { existsSync } from "node:fs"; import t from "tap";
      t.test("the other ran meanwhile", async () => { while (!existsSync(import.meta.dirname + "/there")) await new Promise((r) => setTimeout(r, 20)); });`,
    "makes.test.ts": `import { writeFileSync } from "node:fs"; import t from "tap";
      t.test("it ran", async () => writeFileSync(import.meta.dirname + "/there", ""));`,
    "turns.test.ts": "for (;;);",
  });
  const named = (...names: readonly string[]) => names.map((name) => join(folder, `${name}.test.ts`));
  const terminal = { write: () => true };
  t.match(await tapPhase(named("waits", "makes"), { terminal }), { passed: 2, failed: 0 });
  const late = await tapPhase(named("turns"), { terminal, timeout: 1 });
  t.match(late, { failed: 1, failures: [/turns\.test\.ts: ended badly/] });
});

t.test("a proof that throws fails its promise alone, and says why", async (t) => {
  const said: string[] = [];
  const { prove, counts } = prover({ write: (text) => said.push(String(text)) > 0 });
  t.equal(await prove("one", async () => 1), 1);
  t.equal(await prove("two", () => run("sh", ["-c", "echo because >&2; exit 3"])), undefined);
  t.match(counts(), { passed: 1, failed: 1, failures: ["two"], took: [{ what: "one" }] });
  t.match(said.join(""), /^ok - one # .*\nnot ok - two\n {2}.*ended with exit code 3\n {2}because\n$/);
});

t.test(
  "work beside others has what they leave, is heard once it is waited for, and its error is told then",
  async (t) => {
    const { stdout } = await run(quietly[0] ?? "", [...quietly.slice(1), "sh", "-c", 'nice; echo "$1"', "sh", "a b"]);
    t.equal(stdout, "19\na b\n");
    const said: string[] = [];
    const failing = beside(
      async (terminal) => {
        terminal.write("begun");
        throw new Error("lost");
      },
      { write: (text) => said.push(String(text)) > 0 },
    );
    await new Promise((resolve) => setImmediate(resolve));
    t.same(said, []);
    await failing.end();
    t.same(said, ["begun"]);
    await t.rejects(failing.result, /lost/);
  },
);

t.test(
  "a fixture is made once for its inputs; one that nobody used for weeks goes, and half a one never stays",
  async (t) => {
    const folder = t.testdir({ "old-1234.tar": "" });
    const before = process.env.STACK_FIXTURES;
    process.env.STACK_FIXTURES = folder;
    t.teardown(() => {
      if (before === undefined) delete process.env.STACK_FIXTURES;
      else process.env.STACK_FIXTURES = before;
    });
    const monthAgo = new Date(Date.now() - 30 * 24 * 3_600_000);
    utimesSync(join(folder, "old-1234.tar"), monthAgo, monthAgo);
    let made = 0;
    const small = (inputs: string) =>
      fixture({ name: "small", suffix: ".tar", inputs, make: async (file) => writeFileSync(file, `${++made}`) });
    const first = await small("a");
    t.equal(readFileSync(first, "utf8"), "1");
    t.notOk(existsSync(join(folder, "old-1234.tar")));
    utimesSync(first, monthAgo, monthAgo);
    t.equal(await small("a"), first, "it is there");
    t.not(await small("b"), first);
    t.equal(made, 2, "and was used, so that it stays");
    const failing = fixture({
      name: "small",
      suffix: ".tar",
      inputs: "c",
      make: () => Promise.reject(new Error("no")),
    });
    await t.rejects(failing, /no/);
    t.equal(readdirSync(folder).length, 2);
  },
);

t.test(
  "on a disk of its own or not, a command has its words, and ends with its code; what lies in /tmp stays seen",
  async (t) => {
    const script = resolve("test/run/on-own-disk.sh");
    const { stdout, code } = await run("sh", [script, "sh", "-c", 'echo "$1"; exit 3', "sh", "a b"], { accept: [3] });
    t.strictSame({ stdout, code }, { stdout: "a b\n", code: 3 });
    const folder = await mkdtemp("/var/tmp/stack-seen-");
    t.teardown(() => rm(folder, { recursive: true }));
    const env = { ...process.env, STACK_TEMPLATE: join(folder, "template") };
    t.equal((await run("sh", [script, "ls", "-d", folder], { env })).stdout, `${folder}\n`);
  },
);

const cannotMount = process.getuid?.() !== 0 || !existsSync("/dev/loop-control");
t.test("on the disk of its own nothing lies yet, and of it nothing is left", { skip: cannotMount }, async (t) => {
  const seen = await mkdtemp("/var/tmp/stack-seen-");
  t.teardown(() => rm(seen, { recursive: true }));
  const script = resolve("test/run/on-own-disk.sh");
  const mounted = ["--mount", "--propagation", "private", "sh", script, "--mounted", "ls", "-A", "/var/tmp"];
  t.equal((await run("unshare", mounted)).stdout, "");
  const left = readdirSync("/var/tmp");
  t.ok(left.includes(seen.replace("/var/tmp/", "")));
  t.notOk(left.some((name) => name.startsWith("stack-disk-")));
});
