import t from "tap";
import type { FileDifference, FileFacts, UnitFacts } from "../../../engine/facts/fact-reader.ts";
import type { ComponentFacts } from "../../../engine/plan/plan-files.ts";
import { joinResets, resetComponent, resetData } from "../../../engine/plan/reset-component.ts";
import { asSealed } from "../../../engine/secrets/sealed.ts";
import type { ResetWish } from "../../../engine/stage.ts";
import type { FileEntry } from "../../../stack/model.ts";
import { activeUnit } from "../facts/active-unit.ts";

const host: ResetWish = { data: false, force: false, baked: false };
const template: ResetWish = { ...host, baked: true };

function file(path: string, differs: FileDifference[] = [], more: Partial<FileEntry> = {}): FileFacts {
  const entry: FileEntry = { path, component: "redis", kind: "file", mode: 0o644, owner: "root:root", when: "build" };
  return { entry: { ...entry, ...more }, text: asSealed("x"), differs };
}

function unit(name: string, active: string, enabled: string): [string, UnitFacts] {
  return [name, activeUnit(name, { active, enabled })];
}

const component: ComponentFacts = {
  files: [
    file("/etc/redis", [], { kind: "directory" }),
    file("/var/lib/redis/6379", [], { kind: "directory" }),
    file("/etc/systemd/system/redis-server@6379.service"),
    file("/usr/share/stack-agent/migrations/1.sql"),
    file("/etc/redis/6379.conf", [], { when: "boot" }),
    file("/etc/redis/gone.conf", ["missing"]),
  ],
  specs: [
    { unit: "redis-server@6379.service", component: "redis", want: "enabled" },
    { unit: "redis-server.service", component: "redis", want: "masked" },
    { unit: "fstrim.timer", component: "redis", want: "disabled" },
  ],
  units: new Map([
    unit("redis-server@6379.service", "active", "enabled"),
    unit("redis-server.service", "inactive", "masked"),
    unit("fstrim.timer", "inactive", "disabled"),
  ]),
};

function planned(facts: ComponentFacts, wish: ResetWish): string[] {
  return resetComponent(facts, wish).actions.map(({ do: kind, args }) => {
    const { path, paths, units } = args as Record<string, string | readonly string[] | undefined>;
    return [kind, path ?? paths ?? units ?? ""].join(" ").trim();
  });
}

t.test("on a host units go down, then go the files that provision wrote; what the package brought stays", async (t) => {
  t.same(planned(component, host), [
    "stopUnits redis-server@6379.service",
    "disableUnits redis-server@6379.service",
    "unmaskUnits redis-server.service",
    "removeFile /etc/systemd/system/redis-server@6379.service",
    "removeFile /etc/redis/6379.conf",
    "removeFolders /etc/redis",
    "reloadUnits",
  ]);
});

t.test("in a container of the template only what the agent wrote goes", async (t) => {
  t.same(planned(component, template), ["stopUnits redis-server@6379.service", "removeFile /etc/redis/6379.conf"]);
});

t.test("what was taken back is not taken back again", async (t) => {
  const files = component.files.map((one) => ({ ...one, differs: ["missing" as const] }));
  const units = new Map([...component.units].map(([name, one]) => [name, { ...one, active: "inactive", enabled: "" }]));
  t.same(planned({ ...component, files, units }, host), []);
  t.same(planned({ ...component, files, units }, template), []);
});

t.test("a file that somebody changed stays, and it is said; --force takes it", async (t) => {
  const facts: ComponentFacts = { ...component, files: [file("/etc/redis/6379.conf", ["content"])], specs: [] };
  t.match(resetComponent(facts, host), { actions: [], kept: [/^\/etc\/redis\/6379.conf stays: .*--force/] });
  t.same(planned(facts, { ...host, force: true }), ["removeFile /etc/redis/6379.conf"]);
  const mode: ComponentFacts = { ...facts, files: [file("/etc/redis/6379.conf", ["mode", "owner"])] };
  t.same(planned(mode, host), ["removeFile /etc/redis/6379.conf"], "its text is what counts");
});

t.test("data goes only when asked for, and is named where it stays", async (t) => {
  t.match(resetData(["/var/lib/x"], host), { actions: [], kept: [/^\/var\/lib\/x stays: data; --with-data/] });
  t.match(resetData(["/var/lib/x"], { ...host, data: true }), {
    actions: [{ do: "removeTree", args: { path: "/var/lib/x" } }],
    kept: [],
  });
  t.same(resetData([], host), { actions: [], kept: [] });
  t.same(joinResets({ actions: [], kept: ["a"] }, { actions: [], kept: ["b"] }).kept, ["a", "b"]);
});
