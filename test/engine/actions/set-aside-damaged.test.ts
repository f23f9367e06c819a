import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { cutDamaged, setAsideDamaged } from "../../../engine/actions/set-aside-damaged.ts";
import { describeSetAside, readSetAside } from "../../../engine/state/set-aside.ts";
import { testIo } from "../test-io.ts";

t.test("what is set aside is kept under a dated name, and told until somebody takes it away", async (t) => {
  const folder = t.testdir({ nodes: "half", log: { a: "1", b: "2" } });
  const { io } = testIo(folder, []);
  await setAsideDamaged.apply({ path: join(folder, "nodes"), lost: "who it was" }, io);
  await setAsideDamaged.apply({ path: join(folder, "log"), lost: "keys" }, io);
  const all = await readSetAside(io.paths.state);
  t.match(all, [
    { from: join(folder, "nodes"), to: /\/nodes\.set-aside-\d{8}T\d{6}Z$/, lost: "who it was" },
    { from: join(folder, "log"), to: /\/log\.set-aside-\d{8}T\d{6}Z$/, lost: "keys" },
  ]);
  t.equal(await readFile(all[0]?.to ?? "", "utf8"), "half");
  t.strictSame(await readdir(all[1]?.to ?? ""), ["a", "b"]);
  t.match(describeSetAside(all[0] ?? { at: "", from: "", to: "", lost: "" }), /lost: who it was$/);
  await rm(all[0]?.to ?? "");
  t.match(await readSetAside(io.paths.state), [{ lost: "keys" }]);
});

t.test("two of one name and second are both kept; some of a folder's files go into one folder", async (t) => {
  const folder = t.testdir({ db: { "schema.DAT": "", "a.DCD": "", queues: { log: "" } } });
  const { io } = testIo(folder, []);
  const path = join(folder, "db", "metadata");
  const names = ["schema.DAT", "a.DCD", "not-there"];
  await setAsideDamaged.apply({ path, lost: "all", names }, io);
  await writeFile(join(folder, "db", "schema.DAT"), "again");
  await setAsideDamaged.apply({ path, lost: "all", names }, io);
  const all = await readSetAside(io.paths.state);
  t.not(all[0]?.to, all[1]?.to);
  t.strictSame(await readdir(all[0]?.to ?? ""), ["a.DCD", "schema.DAT"]);
  t.strictSame(await readdir(all[1]?.to ?? ""), ["schema.DAT"]);
  t.ok((await stat(join(folder, "db", "queues", "log"))).isFile(), "the rest stays");
});

t.test("a file is cut to its sound beginning, and the whole of it kept beside it", async (t) => {
  const folder = t.testdir();
  const { io } = testIo(folder, []);
  await mkdir(join(folder, "aof"));
  const path = join(folder, "aof", "incr");
  await writeFile(path, "sound\0\0\0", { mode: 0o640 });
  await cutDamaged.apply({ path, bytes: 5, lost: "nothing" }, io);
  t.equal(await readFile(path, "utf8"), "sound");
  const [one] = await readSetAside(io.paths.state);
  t.equal(await readFile(one?.to ?? "", "utf8"), "sound\0\0\0");
  t.equal((await stat(one?.to ?? "")).mode & 0o777, 0o640);
});
