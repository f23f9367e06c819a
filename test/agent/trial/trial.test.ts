import { lstat, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import t from "tap";
import { removeAdded } from "../../../agent/trial/remove-added.ts";
import { beginTrial, endTrial, readTrial, trialFolder, undoTrial } from "../../../agent/trial/trial.ts";
import { exists, linkAtomic, readLinkIfAny } from "../../../lib/files.ts";
import type { Run } from "../../../lib/run.ts";

const about = { from: "0", to: "1", at: "2026-11-30T00:00:00Z" };

async function machine(t: { testdir: () => string }) {
  const folder = t.testdir();
  const at = (name: string): string => join(folder, name);
  await mkdir(at("state"));
  await writeFile(at("definition"), "old", { mode: 0o600 });
  await writeFile(at("own"), "old own");
  await symlink("releases/0", at("current"));
  const paths = ["definition", "own", "current", "fresh"].map(at);
  const change = async (): Promise<void> => {
    await writeFile(at("definition"), "new");
    await rm(at("own"));
    await linkAtomic(at("current"), "releases/1");
    await writeFile(at("fresh"), "new");
  };
  const look = async () => [
    await readFile(at("definition"), "utf8"),
    await readFile(at("own"), "utf8").catch(() => "none"),
    await readLinkIfAny(at("current")),
    await exists(at("fresh")),
  ];
  return { at, paths, change, look };
}

const before = ["old", "old own", "releases/0", false];

t.test("what was there is put back, from whatever point, and as often as it is cut off", async (t) => {
  const { at, paths, change, look } = await machine(t);
  const trial = await beginTrial(at("state"), { ...about, paths });
  t.same(await readTrial(at("state")), trial);
  await change();
  // Cut off after the first of them, then done anew.
  await linkAtomic(at("current"), "releases/0");
  const found = await readTrial(at("state"));
  if (found === undefined) throw new Error("there is a trial");
  await undoTrial(at("state"), found);
  t.same(await look(), before);
  t.equal((await lstat(at("definition"))).mode & 0o777, 0o600);
  t.equal(await readTrial(at("state")), undefined);
  t.notOk(await exists(trialFolder(at("state"))));
});

t.test("decided, it stays, and nothing of the trial does", async (t) => {
  const { at, paths, change, look } = await machine(t);
  await beginTrial(at("state"), { ...about, paths });
  await change();
  await endTrial(at("state"));
  t.same(await look(), ["new", "none", "releases/1", true]);
  t.notOk(await exists(trialFolder(at("state"))));
});

t.test("cut off while it begins, it has not begun; a damaged record is told, not guessed at", async (t) => {
  const { at, paths, look } = await machine(t);
  await beginTrial(at("state"), { ...about, paths });
  await rm(join(trialFolder(at("state")), "trial.json"));
  t.equal(await readTrial(at("state")), undefined);
  await beginTrial(at("state"), { ...about, paths });
  t.same(await look(), before);
  await writeFile(join(trialFolder(at("state")), "trial.json"), "{");
  await t.rejects(readTrial(at("state")), { code: "trial-unreadable", hint: /put it back by hand/ });
});

t.test(
  "services that only what was on trial has go with it: units stopped, files, the release made for it",
  async (t) => {
    const { at, paths } = await machine(t);
    const put = async (path: string): Promise<string> => {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, "");
      return path;
    };
    const files = [await put(at("units/s-prices.service")), await put(at("etc/prices.env"))];
    await put(at("prices/releases/new/a.py"));
    await put(at("bus/releases/new/a.py"));
    await put(at("bus/releases/earlier/a.py"));
    await symlink("releases/new", at("prices/current"));
    const added = [
      { units: ["s-prices.socket", "s-prices.service"], files, folder: at("prices"), release: "new" },
      { units: ["s-bus.service"], files: [at("units/none.service")], folder: at("bus"), release: "new" },
    ];
    await beginTrial(at("state"), { ...about, paths, added });
    const trial = await readTrial(at("state"));
    t.same(trial?.added, added, "they are on record");
    const called: string[] = [];
    const run: Run = async (_, args) => {
      called.push(args.filter((word) => !word.startsWith("--")).join(" "));
      return { stdout: "", stderr: "", code: 0 };
    };
    await removeAdded(trial?.added ?? [], run);
    t.same(called, [
      "disable s-prices.socket s-prices.service s-bus.service",
      "daemon-reload",
      "reset-failed s-prices.socket s-prices.service s-bus.service",
    ]);
    for (const path of [...files, at("prices")]) t.notOk(await exists(path), path);
    t.notOk(await exists(at("bus/releases/new")));
    t.ok(await exists(at("bus/releases/earlier/a.py")), "what was deployed earlier stays");
    await removeAdded(added, run);
    await removeAdded([], async () => t.fail("nothing is called for none") as never);
  },
);

t.test("a trial that an earlier agent has begun has none", async (t) => {
  const { at, paths } = await machine(t);
  await beginTrial(at("state"), { ...about, paths });
  const file = join(trialFolder(at("state")), "trial.json");
  const { added, ...earlier } = JSON.parse(await readFile(file, "utf8"));
  t.same(added, []);
  await writeFile(file, JSON.stringify(earlier));
  t.same((await readTrial(at("state")))?.added, []);
});
