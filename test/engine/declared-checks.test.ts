/** A component carries out the checks that it declares, all of them and no other. */
import t from "tap";
import type { CheckOpener } from "../../engine/check.ts";
import { type CheckOpeners, declaredChecks } from "../../engine/declared-checks.ts";
import type { ComponentCheck } from "../../stack/components/index.ts";
import { stackModel } from "../stack/stack-model.ts";

type RedisChecks = CheckOpeners<ComponentCheck<"redis">>;

const open: CheckOpener = () => ({ run: async () => ({ status: "pass", code: "ok" }), close: async () => {} });
const whole: RedisChecks = { "redis:cluster": open };
// @ts-expect-error: one that it doesn't declare
const undeclared: RedisChecks = { "redis:cluster": open, "redis:other": open };
// @ts-expect-error: one that nothing carries out
const missing: RedisChecks = {};

t.test("what is declared and carried out is a check, told as it is declared", async (t) => {
  const model = stackModel();
  t.match(declaredChecks(model, whole), [
    {
      name: "redis:cluster",
      component: "redis",
      open,
      observes: { metric: { name: "stack_redis_memory_used_ratio" } },
    },
  ]);
  t.strictSame(declaredChecks(model, undeclared), declaredChecks(model, whole));
  t.strictSame(declaredChecks(model, missing), []);
});

t.test("they come in the order of the declarations, whatever the order they are brought in", async (t) => {
  const names = ["redis:cluster", "postgres:roundtrip"] as const;
  const openers = Object.fromEntries(names.map((name) => [name, open]));
  t.same(
    declaredChecks(stackModel(), openers).map(({ name }) => name),
    ["postgres:roundtrip", "redis:cluster"],
  );
});
