import t from "tap";
import { servicesStage } from "../../../../components/services/agent/stage.ts";
import type { FactReader, UnitFacts } from "../../../../engine/facts/fact-reader.ts";
import { activeUnit } from "../../../engine/facts/active-unit.ts";
import { stackModel } from "../../../stack/stack-model.ts";

const model = stackModel();

/** Facts of a machine whose services' files are in place and whose units are in one state. */
async function facts(state: Partial<UnitFacts>): Promise<unknown> {
  const reader: Partial<FactReader> = {
    files: async () => [],
    exists: async () => true,
    names: async () => ["0"],
    readText: async () => undefined,
    readLink: async () => "releases/0",
    units: async (names) => new Map(names.map((unit) => [unit, activeUnit(unit, state)])),
  };
  return servicesStage.inspect(reader as FactReader, model, new AbortController().signal);
}

t.test("at boot, with the services queued behind provisioning, nothing is planned", async (t) => {
  t.same(servicesStage.plan(await facts({ active: "inactive", starting: true }), model).actions, []);
});

t.test("services that are down are started, each after its socket, all in one call, and not waited for", async (t) => {
  t.match(servicesStage.plan(await facts({ active: "inactive" }), model).actions, [
    { do: "startUnits", args: { units: model.services.flatMap(({ socket, unit }) => [socket, unit]), wait: false } },
  ]);
});
