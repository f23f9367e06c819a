import t from "tap";
import { neededBy } from "../../../agent/provision/needs.ts";
import { loadStages } from "../../../components/agent.ts";
import { dependencyNames } from "../../../stack/components/names.ts";

const stages = await loadStages();

const of = (...ids: string[]) => stages.filter(({ id }) => ids.includes(id));

t.test("what chosen stages need, and what that needs in turn, is known", async (t) => {
  const table: [chosen: string[], needed: string[]][] = [
    [["system"], []],
    [["redis"], ["system", "cluster"]],
    [["services"], ["system", "python", "cluster", ...dependencyNames]],
    [
      ["redis", "services"],
      ["system", "python", "cluster", ...dependencyNames.filter((name) => name !== "redis")],
    ],
  ];
  for (const [chosen, needed] of table) {
    t.same(
      neededBy(of(...chosen), stages).map(({ id }) => id),
      needed,
      chosen.join(),
    );
  }
});
