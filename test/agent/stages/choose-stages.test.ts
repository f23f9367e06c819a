import t from "tap";
import { chooseStages } from "../../../agent/stages/choose-stages.ts";
import type { Stage, StageId } from "../../../engine/stage.ts";
import { stackModel } from "../../stack/stack-model.ts";

const model = stackModel();
const stage = (id: StageId, needs: readonly StageId[], present = true) =>
  ({ id, title: id, needs, present: () => present }) as unknown as Stage;
const all = [
  stage("system", []),
  stage("python", ["system"]),
  stage("postgres", ["system"]),
  stage("redis", ["system"], false),
  stage("services", ["python", "postgres", "redis"]),
];
const chosen = (choice: { only?: string; from?: string }) => chooseStages(all, model, choice).map(({ id }) => id);

t.test("all that the stack has, one alone, or one and those that need it", async (t) => {
  t.same(chosen({}), ["system", "python", "postgres", "services"]);
  t.same(chosen({ only: "postgres" }), ["postgres"]);
  t.same(chosen({ from: "postgres" }), ["postgres", "services"]);
  t.same(chosen({ from: "system" }), ["system", "python", "postgres", "services"]);
});

t.test("a wrong stage is a usage error that names the right ones", async (t) => {
  const wrong = { exit: 64, hint: "stages are system, python, postgres, services" };
  t.throws(() => chosen({ only: "posgres" }), { ...wrong, message: /no stage "posgres"/ });
  t.throws(() => chosen({ from: "redis" }), { ...wrong, message: "this stack has no stage redis" });
  t.throws(() => chosen({ only: "system", from: "system" }), { code: "usage", exit: 64 });
});
