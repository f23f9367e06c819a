import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { findSources } from "../../../builder/layers/python/find-sources.ts";
import type { ServiceModel } from "../../../stack/model.ts";

const project = join(import.meta.dirname, "../../..");
type Needed = Pick<ServiceModel, "name" | "source" | "module">;
const service = (one: Needed): ServiceModel => one as ServiceModel;

function folder(t: Pick<typeof import("tap").default, "testdir">, files: Readonly<Record<string, string>>): string {
  const top = t.testdir();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(top, path)), { recursive: true });
    writeFileSync(join(top, path), text);
  }
  return top;
}

t.test("the reference service is found once for all that use it, without its tests", async (t) => {
  const named = (name: string): ServiceModel => service({ name, source: "reference", module: "reference_service" });
  const sources = await findSources([named("a"), named("b")], project, "/nowhere");
  t.equal(sources.size, 1);
  const files = sources.get("reference")?.files ?? [];
  t.ok(files.includes("reference_service/__main__.py"));
  t.notOk(files.some((file) => file.startsWith("tests/") || file.includes("__pycache__")));
});

t.test("a service of one's own is a folder beside stack.yaml: a package or a module, its data along", async (t) => {
  const top = folder(t, {
    "mine/app/__main__.py": "",
    "mine/app/data.json": "{}",
    "mine/single.py": "",
    "mine/README.md": "",
    "mine/requirements.lock": "x==1 --hash=sha256:00\n",
  });
  const sources = await findSources([service({ name: "a", source: "mine", module: "app" })], project, top);
  t.same(sources.get("mine")?.files, ["app/__main__.py", "app/data.json", "single.py"]);
  t.match(sources.get("mine")?.lockText, /x==1/);
  await t.resolves(findSources([service({ name: "a", source: "mine", module: "single" })], project, top));
});

t.test("its digest changes with a file's content and with a file's name", async (t) => {
  const digest = async (files: Readonly<Record<string, string>>): Promise<string | undefined> => {
    const top = folder(t, { ...files, "m/requirements.lock": "" });
    return (await findSources([service({ name: "a", source: "m", module: "app" })], project, top)).get("m")?.digest;
  };
  const one = await digest({ "m/app.py": "1" });
  t.not(await digest({ "m/app.py": "2" }), one);
  t.not(await digest({ "m/app.py": "1", "m/b.py": "" }), one);
  t.equal(await digest({ "m/app.py": "1" }), one);
});

t.test("what is missing is refused with 64: folder, lock, module", async (t) => {
  const top = folder(t, { "bare/app.py": "", "whole/app.py": "", "whole/requirements.lock": "" });
  const find = (source: string, module = "app") => findSources([service({ name: "a", source, module })], project, top);
  await t.rejects(find("absent"), { code: "no-source", exit: 64 });
  await t.rejects(find("bare"), { code: "no-lock", exit: 64 });
  await t.rejects(find("whole", "other"), { code: "no-source", exit: 64 });
});

t.test("a program's folder is taken whole, and needs no lock; that it can be run is part of its digest", async (t) => {
  const top = folder(t, { "prices/prices": "#!/bin/sh\n", "prices/README.md": "", "prices/data/a.csv": "" });
  const find = async () => {
    const command = ["./prices"];
    const named = { name: "a", source: "prices", command } as unknown as ServiceModel;
    return (await findSources([named], project, top)).get("prices");
  };
  const before = await find();
  t.same(before?.files, ["README.md", "data/a.csv", "prices"]);
  t.equal(before?.lockText, undefined);
  chmodSync(join(top, "prices/prices"), 0o755);
  t.not((await find())?.digest, before?.digest);
});
