import t from "tap";
import { defineStage } from "../../engine/stage.ts";
import { stageByForm } from "../../engine/stage-by-form.ts";
import type { Model } from "../../stack/model.ts";

const stage = (title: string, needs: readonly ["system"] | readonly ["system", "cluster"] = ["system"]) =>
  defineStage<"redis", string>({
    ...{ id: "redis", title, needs, present: () => true, checks: () => [], inspect: async () => title },
    ...{ preflight: () => [], reset: () => ({ actions: [], kept: [] }) },
    plan: (facts) => ({ actions: [], unseen: [`${facts} by ${title}`] }),
  });

const of = (form: object): Model => ({ components: [{ name: "redis", ...form }] }) as unknown as Model;

t.test("a component's stage is that of the form in which the stack has it, with that form's facts", async (t) => {
  const all = { external: stage("external"), clustered: stage("clustered", ["system", "cluster"]) };
  const either = stageByForm(stage("own"), all);
  t.same(either.needs, ["system", "cluster"]);
  for (const [form, title] of [
    [{}, "own"],
    [{ external: true }, "external"],
    [{ clustered: true }, "clustered"],
  ] as const) {
    const facts = await either.inspect({} as never, of(form), new AbortController().signal);
    t.same(either.plan(facts, of(form)).unseen, [`${title} by ${title}`]);
  }
  t.same(stageByForm(stage("own"), { external: all.external }).needs, ["system"]);
});
