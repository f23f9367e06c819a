import { chmod, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { linkFile, makeDirectory, writeFile as writeAction } from "../../../engine/actions/files.ts";
import { compareFile } from "../../../engine/facts/compare-file.ts";
import { asSealed } from "../../../engine/secrets/sealed.ts";
import { isStale, monotonicMicroseconds } from "../../../engine/state/stale.ts";
import type { FileEntry } from "../../../stack/model.ts";
import { testIo } from "../test-io.ts";

function entry(path: string, more: Partial<FileEntry> = {}): FileEntry {
  return { path, component: "system", kind: "file", mode: 0o640, owner: "me:me", when: "boot", ...more };
}

const me = {
  users: new Map([["me", process.getuid?.() ?? 0]]),
  groups: new Map([["me", process.getgid?.() ?? 0]]),
};

t.test("every way a file can differ is told, and none where it is as it should be", async (t) => {
  const folder = t.testdir();
  const look = (file: FileEntry, accounts = me, text: string | undefined = "text\n") =>
    compareFile(file, asSealed("text\n"), { accounts, unseal: async () => text }).then(({ differs }) => differs);
  const path = join(folder, "a.conf");
  t.same(await look(entry(path)), ["missing"]);
  await writeFile(path, "text\n");
  await chmod(path, 0o640);
  t.same(await look(entry(path)), []);
  t.same(await look(entry(path), { users: new Map(), groups: new Map() }), ["owner"]);
  t.same(await compareFile(entry(path), asSealed(""), { accounts: me, unseal: async () => undefined }), {
    entry: entry(path),
    text: "",
    differs: ["content"],
  });
  await chmod(path, 0o644);
  await writeFile(path, "texT\n");
  t.same(await look(entry(path)), ["content", "mode"]);
  t.same(await look(entry(path, { kind: "directory" })), ["kind"]);
  await symlink("b", join(folder, "link"));
  t.same(await look(entry(join(folder, "link"), { kind: "symlink", target: "b" })), []);
  t.same(await look(entry(join(folder, "link"), { kind: "symlink", target: "c" })), ["content"]);
  t.same(await look(entry(join(folder, "link"))), ["kind"], "a link where a file belongs is not followed");
});

t.test("what is written is as the table says when it is looked at again", async (t) => {
  const folder = t.testdir();
  const { io, store } = testIo(folder, [{ name: "redis.auth", reader: "root", purpose: "" }]);
  await io.makeSecret("redis.auth");
  const text = asSealed("requirepass «secret:redis.auth»\n");
  const path = join(folder, "etc/redis.conf");
  await makeDirectory.apply({ path: join(folder, "etc"), mode: 0o750, owner: "me:me" }, io);
  t.equal((await stat(join(folder, "etc"))).mode & 0o7777, 0o750);
  await writeAction.apply({ path, mode: 0o640, owner: "me:me", text }, io);
  const context = { accounts: me, unseal: io.unseal };
  t.same((await compareFile(entry(path), text, context)).differs, []);
  t.equal(await readFile(path, "utf8"), `requirepass ${await store.read("redis.auth")}\n`);
  await linkFile.apply({ path: join(folder, "link"), target: "etc" }, io);
  await linkFile.apply({ path: join(folder, "link"), target: "other" }, io);
  const link = entry(join(folder, "link"), { kind: "symlink", target: "other" });
  t.same((await compareFile(link, asSealed(""), context)).differs, []);
});

t.test("a unit is stale from the write of its file until it starts again", async (t) => {
  const folder = t.testdir();
  const { io } = testIo(folder, []);
  const args = { path: join(folder, "a.conf"), mode: 0o644, owner: "me:me", text: asSealed("x"), units: ["a.service"] };
  const before = monotonicMicroseconds();
  t.equal(await isStale(io.paths.run, "a.service", before), false);
  await writeAction.apply(args, io);
  t.equal(await isStale(io.paths.run, "a.service", before), true, "it began before the write");
  t.equal(await isStale(io.paths.run, "a.service", monotonicMicroseconds()), false, "it began after");
});

t.test("a crash before the write is done leaves the unit stale, not forgotten", async (t) => {
  const folder = t.testdir();
  const { io } = testIo(folder, []);
  await writeFile(join(folder, "etc"), "");
  const args = {
    path: join(folder, "etc/a.conf"),
    mode: 0o644,
    owner: "me:me",
    text: asSealed("x"),
    units: ["a.service"],
  };
  const before = monotonicMicroseconds();
  await t.rejects(writeAction.apply(args, io), { code: "EEXIST" });
  t.equal(await isStale(io.paths.run, "a.service", before), true);
});

t.test("what is of another kind is set aside, not lost; a link to a folder is one", async (t) => {
  const folder = t.testdir({ "a.conf": { kept: "1" }, data: "2", "data.set-aside": "3", room: {} });
  const { io } = testIo(folder, []);
  const [path, data, moved] = [join(folder, "a.conf"), join(folder, "data"), join(folder, "moved")];
  await writeAction.apply({ path, mode: 0o640, owner: "me:me", text: asSealed("text\n") }, io);
  await makeDirectory.apply({ path: data, mode: 0o750, owner: "me:me" }, io);
  await symlink("room", moved);
  await makeDirectory.apply({ path: moved, mode: 0o750, owner: "me:me" }, io);
  const context = { accounts: me, unseal: async () => "text\n" };
  const directory = { kind: "directory", mode: 0o750 } as const;
  for (const file of [entry(path), entry(data, directory), entry(moved, directory)]) {
    t.same((await compareFile(file, asSealed("text\n"), context)).differs, [], file.path);
  }
  t.equal(await readFile(`${path}.set-aside/kept`, "utf8"), "1");
  t.equal(await readFile(`${data}.set-aside`, "utf8"), "3");
  t.equal(await readFile(`${data}.set-aside-2`, "utf8"), "2");
  await linkFile.apply({ path: data, target: "room" }, io);
  t.same((await compareFile(entry(data, { kind: "symlink", target: "room" }), asSealed(""), context)).differs, []);
});
