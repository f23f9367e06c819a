import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { localFactReader } from "../../../engine/facts/local-fact-reader.ts";
import { secretForms } from "../../../engine/secrets/secret-forms.ts";
import type { Run } from "../../../lib/run.ts";
import { budget } from "../../../stack/budget.ts";
import type { FileEntry, Model } from "../../../stack/model.ts";
import { stackModel } from "../../stack/stack-model.ts";
import { testIo } from "../test-io.ts";

const secrets = [{ name: "redis.auth", reader: "root", purpose: "" }] as const;
const noRun: Run = async () => ({ stdout: "", stderr: "", code: 0 });

function readerOn(folder: string, more: { run?: Run; templates?: Record<string, string>; memory?: number } = {}) {
  const { io, store } = testIo(folder, secrets);
  const reader = localFactReader({
    run: more.run ?? noRun,
    secrets: store,
    templates: (path) => more.templates?.[path] ?? "",
    runDirectory: io.paths.run,
    memory: async () => more.memory ?? 8192,
  });
  return { reader, io, store };
}

function modelOf(folder: string, when: FileEntry["when"]): Model {
  const file: FileEntry = {
    path: join(folder, "redis.conf"),
    component: "redis",
    kind: "file",
    template: "rootfs-overlay/redis.conf.ejs",
    mode: 0o640,
    owner: "root:root",
    when,
  };
  return { ...stackModel(), files: [file] };
}

t.test("a file is rendered for this machine's memory, with secrets by name, and compared by value", async (t) => {
  const folder = t.testdir();
  const template = 'maxmemory <%= budget.miB.redis %>mb\nrequirepass <%= secret("redis.auth") %>\n';
  const { reader, io, store } = readerOn(folder, { templates: { "rootfs-overlay/redis.conf.ejs": template } });
  const model = modelOf(folder, "boot");
  const share = budget(model, 8192).miB.redis;
  const [missing] = await reader.files("redis", model);
  t.equal(missing?.text, `maxmemory ${share}mb\nrequirepass «secret:redis.auth»\n`);
  t.same(missing?.differs, ["missing"]);
  await io.makeSecret("redis.auth");
  const value = await store.read("redis.auth");
  await writeFile(join(folder, "redis.conf"), `maxmemory ${share}mb\nrequirepass ${value}\n`);
  const [same] = await reader.files("redis", model);
  t.notOk(same?.differs.includes("content"));
  t.notMatch(JSON.stringify(same), value);
  await writeFile(join(folder, "redis.conf"), `maxmemory ${share}mb\nrequirepass another\n`);
  t.ok((await reader.files("redis", model))[0]?.differs.includes("content"));
});

t.test("a template that asks for what it may not have says so", async (t) => {
  const folder = t.testdir();
  const ask = async (template: string, when: FileEntry["when"]) =>
    readerOn(folder, { templates: { "rootfs-overlay/redis.conf.ejs": template } }).reader.files(
      "redis",
      modelOf(folder, when),
    );
  await t.rejects(ask('<%= secret("redis.other") %>', "boot"), { code: "template-failed", cause: /redis\.other/ });
  await t.rejects(ask('<%= secret("redis.auth", "rot13") %>', "boot"), { code: "template-failed", cause: /rot13/ });
  await t.rejects(ask("<%= budget.totalMiB %>", "build"), { code: "template-failed" }, "a baked file knows no machine");
});

t.test("stages that look at units at the same moment share one call of systemctl", async (t) => {
  const calls: string[][] = [];
  const run: Run = async (_, args) => {
    const names = args.slice(args.indexOf("--") + 1);
    calls.push([...names]);
    return { stdout: names.map(() => "ActiveState=active\nUnitFileState=enabled\n").join("\n"), stderr: "", code: 0 };
  };
  const { reader } = readerOn(t.testdir(), { run });
  const [a, b] = await Promise.all([
    reader.units(["a.service", "b.service"]),
    reader.units(["b.service", "c.service"]),
  ]);
  t.same(calls, [["a.service", "b.service", "c.service"]]);
  t.same([...a.keys()], ["a.service", "b.service"]);
  t.same([...b.keys()], ["b.service", "c.service"]);
  await reader.units(["d.service"]);
  t.equal(calls.length, 2);
});

t.test("a secret is compared inside, and an error that quotes it comes out without it", async (t) => {
  const { reader, io, store } = readerOn(t.testdir());
  t.equal(await reader.secretMatches("redis.auth", "x"), false, "there is none yet");
  await io.makeSecret("redis.auth");
  const value = await store.read("redis.auth");
  t.equal(await reader.secretMatches("redis.auth", secretForms.scram(value)), true);
  t.equal(await reader.secretMatches("redis.auth", secretForms.scram("other")), false);
  t.equal(await reader.withSecret("redis.auth", async (shown) => shown.length), 40);
  const quoted = reader.withSecret("redis.auth", async (shown) => {
    throw new Error(`WRONGPASS ${shown}`);
  });
  await t.rejects(quoted, { code: "look-failed", message: "WRONGPASS «secret»" });
});
