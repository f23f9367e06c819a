import t from "tap";
import type { FileDifference, FileFacts, UnitFacts } from "../../../engine/facts/fact-reader.ts";
import { type ComponentFacts, planComponent } from "../../../engine/plan/plan-files.ts";
import { asSealed } from "../../../engine/secrets/sealed.ts";
import type { FileEntry, UnitSpec } from "../../../stack/model.ts";
import { activeUnit } from "../facts/active-unit.ts";

function file(path: string, differs: readonly FileDifference[], more: Partial<FileEntry> = {}): FileFacts {
  const entry: FileEntry = {
    path,
    component: "redis",
    kind: "file",
    mode: 0o644,
    owner: "root:root",
    when: "build",
    ...more,
  };
  return { entry, text: asSealed(entry.kind === "file" ? "text" : ""), differs };
}

function spec(name: string, more: Partial<UnitSpec> = {}): UnitSpec {
  return { unit: name, component: "redis", want: "enabled", wantedBy: "multi-user.target", running: true, ...more };
}

function facts(more: { files?: FileFacts[]; specs?: UnitSpec[]; units?: UnitFacts[] }): ComponentFacts {
  return {
    files: more.files ?? [],
    specs: more.specs ?? [],
    units: new Map(more.units?.map((one) => [one.unit, one])),
  };
}

/** Actions as "name of what". */
function planned(from: ComponentFacts, wait = true): string[] {
  return planComponent(from, { wait }).map((action) => {
    const { args } = action as { args: { path?: string; units?: readonly string[] } };
    return [action.do, args.path ?? args.units?.join(",") ?? ""].join(" ").trim();
  });
}

t.test("where all is as it should be, nothing is planned", async (t) => {
  const here = facts({
    files: [file("/etc/redis", [], { kind: "directory" }), file("/etc/redis/a.conf", [], { unit: "a.service" })],
    specs: [spec("a.service"), spec("b.service", { want: "disabled" }), spec("c.mount", { want: "masked" })],
    units: [
      activeUnit("a.service"),
      activeUnit("b.service", { enabled: "disabled" }),
      activeUnit("c.mount", { enabled: "masked" }),
    ],
  });
  t.same(planned(here), []);
});

t.test("files come in the table's order, then reload, enable, start, restart", async (t) => {
  const here = facts({
    files: [
      file("/etc/redis", ["missing"], { kind: "directory" }),
      file("/etc/redis/a.conf", ["content"], { unit: "a.service" }),
      file("/etc/systemd/system/b.service", ["missing"], { unit: "b.service" }),
      file("/etc/redis/link", ["missing"], { kind: "symlink", target: "a.conf" }),
    ],
    specs: [
      spec("a.service"),
      spec("b.service"),
      spec("c.service", { want: "disabled" }),
      spec("d.mount", { want: "masked" }),
    ],
    units: [
      activeUnit("a.service"),
      activeUnit("b.service", { load: "not-found", active: "inactive", enabled: "" }),
      activeUnit("c.service", { enabled: "enabled" }),
      activeUnit("d.mount", { enabled: "static" }),
    ],
  });
  t.same(planned(here), [
    "makeDirectory /etc/redis",
    "writeFile /etc/redis/a.conf",
    "writeFile /etc/systemd/system/b.service",
    "linkFile /etc/redis/link",
    "reloadUnits",
    "enableUnits b.service",
    "disableUnits c.service",
    "maskUnits d.mount",
    "startUnits b.service",
    "restartUnits a.service",
  ]);
});

t.test(
  "a unit that runs with an older configuration is restarted, even after a crash between write and restart",
  async (t) => {
    const here = facts({ specs: [spec("a.service")], units: [activeUnit("a.service", { stale: true })] });
    t.same(planned(here), ["restartUnits a.service"]);
  },
);

t.test("a new mode or owner is set without a restart", async (t) => {
  const here = facts({
    files: [file("/etc/redis/a.conf", ["mode", "owner"], { unit: "a.service" })],
    specs: [spec("a.service")],
    units: [activeUnit("a.service")],
  });
  t.same(planned(here), ["writeFile /etc/redis/a.conf"]);
  const [action] = planComponent(here, { wait: true });
  t.equal(action?.why, "mode differs, owner differs");
  t.notOk(action && "units" in action.args);
});

t.test("a unit that systemd has queued is left alone", async (t) => {
  const queued = activeUnit("a.service", { active: "inactive", starting: true });
  t.same(planned(facts({ specs: [spec("a.service")], units: [queued] })), []);
  const changed = [file("/etc/a.env", ["missing"], { unit: "a.service" })];
  t.same(
    planned(facts({ files: changed, specs: [spec("a.service")], units: [queued] }), false),
    ["writeFile /etc/a.env"],
    "what is ordered after us would never come while we wait",
  );
});

t.test("a queued unit whose condition these files meet is started once they are written", async (t) => {
  const here = facts({
    files: [file("/etc/redis/a.conf", ["missing"], { unit: "a.service" })],
    specs: [spec("a.service")],
    units: [activeUnit("a.service", { active: "inactive", starting: true })],
  });
  t.same(planned(here), ["writeFile /etc/redis/a.conf", "startUnits a.service"]);
});

t.test("a unit that is coming up with the old files is restarted, one that is down is only started", async (t) => {
  const files = [file("/etc/redis/a.conf", ["content"], { unit: "a.service" })];
  const coming = activeUnit("a.service", { active: "activating", starting: true });
  t.same(planned(facts({ files, specs: [spec("a.service")], units: [coming] })), [
    "writeFile /etc/redis/a.conf",
    "restartUnits a.service",
  ]);
  const failed = activeUnit("a.service", { active: "failed", stale: true });
  t.same(planned(facts({ files, specs: [spec("a.service")], units: [failed] })), [
    "writeFile /etc/redis/a.conf",
    "startUnits a.service",
  ]);
});

t.test("units that only boot starts are enabled, never started", async (t) => {
  const oneshot = spec("stack-provision.service", { running: false });
  const here = facts({
    specs: [oneshot],
    units: [activeUnit("stack-provision.service", { active: "inactive", enabled: "disabled" })],
  });
  t.same(planned(here), ["enableUnits stack-provision.service"]);
});

t.test("a unit of another's whose file we keep is restarted if it runs, and not started if it doesn't", async (t) => {
  const files = [file("/etc/systemd/journald.conf.d/x.conf", ["content"], { unit: "systemd-journald.service" })];
  t.same(planned(facts({ files, units: [activeUnit("systemd-journald.service", { enabled: "static" })] })), [
    "writeFile /etc/systemd/journald.conf.d/x.conf",
    "restartUnits systemd-journald.service",
  ]);
  t.same(planned(facts({ files, units: [activeUnit("systemd-journald.service", { active: "inactive" })] })), [
    "writeFile /etc/systemd/journald.conf.d/x.conf",
  ]);
});

t.test("unit files that changed behind systemd's back are reloaded", async (t) => {
  const here = facts({ specs: [spec("a.service")], units: [activeUnit("a.service", { needsReload: true })] });
  t.same(planned(here), ["reloadUnits"]);
});
