import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t, { type Test } from "tap";
import { fileDiff } from "../../../engine/facts/file-diff.ts";
import { hideValues } from "../../../engine/facts/hide-values.ts";
import { unifiedDiff } from "../../../engine/facts/unified-diff.ts";
import { asSealed } from "../../../engine/secrets/sealed.ts";
import { run } from "../../../lib/run.ts";

const accounts = {
  users: new Map([["me", process.getuid?.() ?? 0]]),
  groups: new Map([["me", process.getgid?.() ?? 0]]),
};
const value = "Qx7kV0m2Rr9TzYp4LwB1sNcD8fGhJ3aKeU6iOvXt";

async function diff(
  t: Test,
  have: string | Buffer | undefined,
  want: string,
  more: { mode?: number; now?: number } = {},
) {
  const path = join(t.testdir(), "file.conf");
  if (have !== undefined) {
    await writeFile(path, have);
    await chmod(path, more.now ?? more.mode ?? 0o644);
  }
  const wanted = { path, mode: more.mode ?? 0o644, owner: "me:me", text: asSealed(want) };
  const values = new Map([
    [value, "«secret:redis.auth»"],
    [Buffer.from(value).toString("base64"), "«secret:redis.auth»"],
  ]);
  return (await fileDiff(wanted, { accounts, values })).replaceAll(path, "FILE").split("\n");
}

t.test("hunks are those of diff -u", async (t) => {
  const line = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, index) => `l${from + index}`);
  const texts = [
    ["", "a\nb\n"],
    ["a\n", ""],
    ["a\nb\nc\n", "a\nB\nc\n"],
    [`${line(0, 30).join("\n")}\n`, `${[...line(0, 5), "x", ...line(6, 20), ...line(22, 30), "y"].join("\n")}\n`],
    [`${line(0, 9).join("\n")}\n`, `${["n", ...line(0, 9)].join("\n")}\n`],
    ["a\nb", "a\nb\n"],
    ["a\nb\n", "a\nc"],
  ] as const;
  for (const [have, want] of texts) {
    const folder = t.testdir({ have, want });
    const { stdout } = await run("diff", ["-u", join(folder, "have"), join(folder, "want")], { accept: [0, 1] });
    const bare = (header: string): string =>
      header.replace(/^@@ -(\d+) \+/, "@@ -$1,1 +").replace(/\+(\d+) @@/, "+$1,1 @@");
    t.strictSame(unifiedDiff(have, want), stdout.trimEnd().split("\n").slice(2).map(bare));
  }
  t.same(unifiedDiff("a\n", "a\n"), []);
  const long = (word: string): string => Array.from({ length: 3000 }, (_, index) => `${word}${index}\n`).join("");
  t.equal(unifiedDiff(long("a"), long("b")).length, 6001, "what differs all over is shown as replaced");
});

t.test("a file that is missing, and one whose mode differs, are told as such", async (t) => {
  t.strictSame(await diff(t, undefined, "port 1\n"), ["--- /dev/null", "+++ FILE", "@@ -0,0 +1,1 @@", "+port 1"]);
  t.strictSame(await diff(t, "port 1\n", "port 1\n", { mode: 0o640, now: 0o644 }), [
    "old mode 0644 me:me",
    "new mode 0640 me:me",
  ]);
});

t.test("a folder in the file's place, bytes that are no text, and too many bytes are said, not shown", async (t) => {
  const folder = t.testdir();
  const path = join(folder, "a.conf");
  await mkdir(path);
  const file = { path, mode: 0o644, owner: "me:me", text: asSealed("x\n") };
  t.match(await fileDiff(file, { accounts, values: new Map() }), /^--- .* \(is no file\)\n\+\+\+ /);
  t.strictSame(await diff(t, Buffer.from([0xff, 0xfe, 0x00]), "x\n"), ["FILE: 3 bytes that are no text, not shown"]);
  t.strictSame(await diff(t, "a\0b", "x\n"), ["FILE: 3 bytes that are no text, not shown"]);
  t.strictSame(await diff(t, "x".repeat(300_000), "x\n"), ["FILE: 300000 bytes, too many to be shown"]);
  t.notMatch((await diff(t, "\u001b[31mred\n", "x\n")).join(""), "\u001b", "nor what moves a terminal's cursor");
});

const redis = `# Password below
port 6379
requirepass «secret:redis.auth»
masterauth «secret:redis.auth»
maxmemory 485mb
`;

t.test("a value we know is shown by its secret's name, wherever it stands", async (t) => {
  const have = `# Password below\nport 6379\nrequirepass ${value}\nmasterauth ${value}\nmaxmemory 100mb\n`;
  t.strictSame((await diff(t, have, redis, { mode: 0o640 })).slice(-5), [
    " port 6379",
    " requirepass «secret:redis.auth»",
    " masterauth «secret:redis.auth»",
    "-maxmemory 100mb",
    "+maxmemory 485mb",
  ]);
  for (const form of [value, Buffer.from(value).toString("base64")]) {
    t.equal((await diff(t, `a=${form}\n`, "a=1\n"))[3], "-a=«secret:redis.auth»", "in a file without secrets too");
  }
});

t.test("no value that nobody knows is shown of a file that holds secrets", async (t) => {
  const json =
    '{\n  "users": [\n    {\n      "name": "app",\n      "password_hash": "«secret:rabbitmq.app|rabbitmq-hash»"\n    }\n  ]\n}\n';
  const pgpass = "«secret:postgres.app»\n";
  const table: [wanted: string, have: string, shown: string][] = [
    [redis, "requirepass hunter2", "requirepass «hidden»"],
    [redis, "  requirepass   hunter2", "  requirepass «hidden»"],
    [redis, 'requirepass "hunter 2"', "requirepass «hidden»"],
    [redis, "requirepass redis", "requirepass «hidden»"],
    [redis, "#requirepass hunter2", "requirepass «hidden»"],
    [redis, "# Password below was: requirepass hunter2", "requirepass «hidden»"],
    [redis, "masteruser hunter2", "«hidden»"],
    [redis, "user default on >hunter2 ~*", "«hidden»"],
    [redis, "hunter2", "«hidden»"],
    [redis, "!!!", "«hidden»"],
    [redis, "port 6380", "port 6380"],
    [redis, "port abcdefghijklmnop", "port «hidden»"],
    [redis, "port redis://:abcdefghijkl@host", "port «hidden»"],
    [json, '      "password_hash": "hunter2",', "      password_hash «hidden»"],
    [json, '{"users":[{"name":"app","password_hash":"hunter2"}]}', "password_hash «hidden»"],
    [json, '      "name": "other",', '      "name": "other",'],
    [json, '      "password": "hunter2",', "      «hidden»"],
    [json, '      "name": "hunter2-hunter2-hunter2",', '      "name": "«hidden»",'],
    [pgpass, "hunter2", "«hidden»"],
    [pgpass, "hunter2 hunter2", "«hidden»"],
  ];
  for (const [wanted, have, shown] of table) {
    t.equal(hideValues(asSealed(wanted))(have), shown, have);
    const all = (await diff(t, `${have}\n`, wanted, { mode: 0o600 })).filter((line) => /^-[^-]/.test(line));
    t.strictSame(all, [`-${shown}`], "and in its diff");
  }
});

t.test(
  "a file that is not for everybody is guarded like one with secrets, and so is one that was made so",
  async (t) => {
    const want = "STACK=a\nPORT=1\n";
    const have = "STACK=a\nPORT=2\nAPI_KEY=hunter2\n";
    for (const modes of [{ mode: 0o640 }, { mode: 0o644, now: 0o600 }]) {
      const lines = await diff(t, have, want, modes);
      t.ok(lines.includes("-PORT=2"));
      t.ok(lines.includes("-«hidden»"));
      t.notMatch(lines.join("\n"), "hunter2");
    }
    t.ok((await diff(t, have, want)).includes("-API_KEY=hunter2"), "what everybody may read is shown");
  },
);
