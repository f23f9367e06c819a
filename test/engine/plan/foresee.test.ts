import t from "tap";
import type { Action, Executors } from "../../../engine/action.ts";
import { commonExecutors } from "../../../engine/actions/executors.ts";
import type { FactReader, UnitFacts } from "../../../engine/facts/fact-reader.ts";
import { planComponent } from "../../../engine/plan/plan-files.ts";
import { planStages } from "../../../engine/run/plan-stages.ts";
import { asSealed } from "../../../engine/secrets/sealed.ts";
import type { Stage, StageId } from "../../../engine/stage.ts";
import { stackModel } from "../../stack/stack-model.ts";
import { activeUnit } from "../facts/active-unit.ts";

const model = stackModel();
const executors = commonExecutors as Partial<Executors> as Executors;

/** A stage with the actions given, and then what its one unit needs. */
function stage(id: StageId, needs: readonly StageId[], actions: readonly Action[] = []): Stage {
  return {
    id,
    title: id,
    needs,
    present: () => true,
    checks: () => [],
    inspect: async (reader: FactReader) => reader.units(["a.service"]),
    preflight: () => [],
    reset: () => ({ actions: [], kept: [] }),
    plan: (units: unknown) => ({
      actions: [
        ...actions,
        ...planComponent({ files: [], specs: [], units: units as ReadonlyMap<string, UnitFacts> }, { wait: true }),
      ],
      unseen: [],
    }),
  } as Stage;
}

async function planned(stages: readonly Stage[], facts: Partial<UnitFacts> = {}, more = {}) {
  const reader: Partial<FactReader> = {
    units: async () => new Map([["a.service", activeUnit("a.service", facts)]]),
    diff: async ({ path }) => `--- ${path}`,
  };
  const signal = new AbortController().signal;
  const options = { stages, model, reader: reader as FactReader, executors, signal, redact: String };
  return planStages(options, more);
}

const names = async (...args: Parameters<typeof planned>) =>
  (await planned(...args)).actions.map((action) => `${action.stage} ${action.do}`);

const secret = (units: readonly string[]): Action => ({
  do: "makeSecret",
  why: "not there",
  args: { name: "redis.auth", units },
});

t.test("a plan foresees which units another stage's actions leave outdated", async (t) => {
  t.same(await names([stage("python", [], [secret(["a.service"])]), stage("services", ["python"])]), [
    "python makeSecret",
    "services restartUnits",
  ]);
  const three = [
    stage("system", [], [secret(["a.service"])]),
    stage("redis", ["system"]),
    stage("services", ["redis"]),
  ];
  t.same((await names(three)).at(-1), "services restartUnits", "of a stage that is needed by one that it needs");
  const beside = [stage("python", [], [secret(["a.service"])]), stage("redis", [])];
  t.same(await names(beside), ["python makeSecret"], "not of one beside it");
  t.same(await names([stage("system", [], [secret([])]), stage("redis", ["system"])]), ["system makeSecret"]);
});

t.test("a plan foresees that systemd will have read its units anew", async (t) => {
  const reload: Action = { do: "reloadUnits", why: "unit files change", args: {} };
  t.same(await names([stage("redis", [])], { needsReload: true }), ["redis reloadUnits"]);
  t.same(await names([stage("system", [], [reload]), stage("redis", ["system"])], { needsReload: true }), [
    "system reloadUnits",
    "system reloadUnits",
  ]);
});

t.test("only a plan that is asked for it has differences, of files and of what an action brings itself", async (t) => {
  const write: Action = {
    do: "writeFile",
    why: "content differs",
    args: { path: "/etc/a", mode: 0o644, owner: "root:root", text: asSealed("a") },
  };
  const role: Action = { ...secret([]), diff: ["- have", "+ want"] };
  const stages = [stage("system", [], [write, role, secret([])])];
  t.same(
    (await planned(stages)).actions.filter((action) => "diff" in action),
    [],
  );
  t.same(
    (await planned(stages, {}, { diff: true })).actions.map(({ diff }) => diff),
    ["--- /etc/a", "- have\n+ want", undefined],
  );
});
