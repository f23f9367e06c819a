import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { ownData } from "../../../engine/actions/own-data.ts";
import { foreignData, planOwners } from "../../../engine/plan/plan-owners.ts";
import { StackError } from "../../../lib/error.ts";
import { run } from "../../../lib/run.ts";
import { stackModel } from "../../stack/stack-model.ts";
import { testIo } from "../test-io.ts";

const uid = process.getuid?.() ?? 0;
const gid = process.getgid?.() ?? 0;

/** Redis's nodes below a folder of the test's, its account with the numbers given. */
function redisBelow(root: string, ids: { readonly uid: number; readonly gid: number }, asked: string[][] = []) {
  const model = stackModel();
  const data = model.data.map((folder) => ({ ...folder, holds: folder.holds.map((path) => join(root, path)) }));
  const texts: Readonly<Record<string, string>> = {
    "/etc/passwd": `redis:x:${ids.uid}:${ids.gid}::/:\n`,
    "/etc/group": `redis:x:${ids.gid}:\n`,
  };
  const reader = {
    run: ((command, args, options) => {
      asked.push([...args]);
      return run(command, args, options);
    }) satisfies typeof run,
    readText: async (path: string) => texts[path],
    exists: async (path: string) => existsSync(path),
  };
  return () => foreignData(reader, { ...model, data }, "redis");
}

t.test("data with other owners is told by folder, whole or in part, and its server's own is not", async (t) => {
  const root = t.testdir();
  const node = (port: number) => join(root, `/var/lib/redis/${port}`);
  for (const port of [6379, 6380]) mkdirSync(join(node(port), "appendonlydir"), { recursive: true });
  writeFileSync(join(node(6380), "appendonlydir/x.aof"), "");
  t.same(await redisBelow(root, { uid, gid })(), []);
  const foreign = await redisBelow(root, { uid: uid + 1, gid: gid + 1 })();
  t.same(
    foreign.map(({ path }) => path),
    [node(6379), node(6380)],
    "the third is not there",
  );
  t.same(
    planOwners(foreign).map(({ do: kind, args }) => [kind, args]),
    foreign.map(({ path }) => ["ownData", { path, within: "/var/lib/redis", owner: "redis:redis" }]),
  );
  if (uid !== 0) return;
  t.same((await redisBelow(root, { uid: 1, gid })()).length, 2, "a folder of root's is a stranger");
  await run("chown", ["-R", "1", node(6379), node(6380)]);
  t.same(await redisBelow(root, { uid: 1, gid })(), []);
  await run("chown", ["0", join(node(6380), "appendonlydir/x.aof")]);
  t.same(await redisBelow(root, { uid: 1, gid })(), [], "a file of root's in the server's group is none");
  await run("chown", ["2", join(node(6380), "appendonlydir/x.aof")]);
  t.match(await redisBelow(root, { uid: 1, gid })(), [{ path: node(6380) }], "one file deep inside");
});

t.test("a server that is not installed yet has no data to look at", async (t) => {
  const asked: string[][] = [];
  t.same(await redisBelow(t.testdir(), { uid, gid }, asked)(), []);
  t.same(asked, [], "and nobody looks");
});

t.test("data is given to its server; what a link points to, or lies beside it, is not", async (t) => {
  if (uid !== 0) return t.pass("only root gives files away", { skip: true });
  const root = t.testdir({ 15: { main: { inner: { file: "" } }, other: {} }, outside: "" });
  symlinkSync(join(root, "outside"), join(root, "15/main/inner/link"));
  symlinkSync(root, join(root, "15/main/folder-link"));
  const { io } = testIo(join(root, "15"), []);
  await ownData.apply(
    { path: join(root, "15/main"), within: root, owner: "postgres:postgres" },
    { ...io, owner: async () => ({ uid: 1, gid: 2 }) },
  );
  const { stdout } = await run("find", [root, "-printf", "%P %U:%G\\n"]);
  t.same(
    stdout
      .split("\n")
      .filter((line) => /^(15|outside)/.test(line))
      .sort(),
    [
      "15 1:2",
      "15/main 1:2",
      "15/main/folder-link 1:2",
      "15/main/inner 1:2",
      "15/main/inner/file 1:2",
      "15/main/inner/link 1:2",
      "15/other 0:0",
      "outside 0:0",
    ],
  );
});

t.test("data of ids that no container has is refused by name, with the command for the node", async (t) => {
  const { io } = testIo(t.testdir(), []);
  const failing = async () => {
    throw new StackError("command-failed", "chown ended with 1", {
      detail: ["chown: changing ownership of '/var/lib/redis/6379': Operation not permitted"],
    });
  };
  const given = ownData.apply(
    { path: "/var/lib/redis/6379", within: "/var/lib/redis", owner: "redis:redis" },
    { ...io, run: failing, owner: async () => ({ uid: 303, gid: 303 }) },
  );
  await t.rejects(given, {
    code: "data-foreign",
    message: /^\/var\/lib\/redis\/6379 /,
    hint: /chown -R \d+:\d+ VOLUME/,
  });
});
