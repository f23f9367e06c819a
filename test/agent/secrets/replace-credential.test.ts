import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import t, { type Test } from "tap";
import { replaceCredential } from "../../../agent/secrets/replace-credential.ts";
import { StackError } from "../../../lib/error.ts";
import type { Run } from "../../../lib/run.ts";
import { ownIds } from "../../engine/own-ids.ts";

const service = { unit: "api.service", user: "svc-api" };
const other = Buffer.from("other");

/** The folders of a service, and what mount(8) was asked. */
function machine(t: Test, content: Record<string, Record<string, Record<string, string>>>, refuse = false) {
  const folder = t.testdir(content);
  const asked: string[] = [];
  const run: Run = async (_, args) => {
    asked.push(args[1]?.replace(/.*,/, "") ?? "");
    if (refuse) throw new StackError("command-failed", "mount: permission denied");
    return { code: 0, stdout: "", stderr: "" };
  };
  const folders = { mounted: join(folder, "mounted"), lent: join(folder, "lent") };
  return { folders, asked, options: { run, owner: ownIds, folders } };
}

t.test("what systemd has mounted is writable for the rename alone", async (t) => {
  const { folders, asked, options } = machine(t, { mounted: { "api.service": { key: "one" } } });
  t.equal(await replaceCredential(service, "key", other, options), true);
  t.strictSame(asked, ["rw", "ro"]);
  const folder = join(folders.mounted, service.unit);
  t.equal(await readFile(join(folder, "key"), "utf8"), "other");
  t.equal((await stat(join(folder, "key"))).mode & 0o777, 0o400);
  t.strictSame(await readdir(folder), ["key"]);
});

t.test("where the container refuses the remount nothing is changed, and it is said", async (t) => {
  const { folders, asked, options } = machine(t, { mounted: { "api.service": { key: "one" } } }, true);
  t.equal(await replaceCredential(service, "key", other, options), false);
  t.strictSame(asked, ["rw"]);
  t.equal(await readFile(join(folders.mounted, service.unit, "key"), "utf8"), "one");
});

t.test("what is lent as a file is one, and a service that doesn't run has none", async (t) => {
  const { folders, asked, options } = machine(t, { lent: { "api.service": { key: "one" } } });
  t.equal(await replaceCredential(service, "key", other, options), true);
  t.equal(await readFile(join(folders.lent, service.unit, "key"), "utf8"), "other");
  t.equal(await replaceCredential({ ...service, unit: "web.service" }, "key", other, options), true);
  t.strictSame(asked, []);
});
