import type { FactReader } from "../../../../engine/facts/fact-reader.ts";
import { lastWords } from "../../../../engine/facts/last-words.ts";
import { ownNode } from "../../../../engine/facts/own-node.ts";
import { inspectComponent } from "../../../../engine/plan/plan-files.ts";
import { joinResets, resetComponent, resetData } from "../../../../engine/plan/reset-component.ts";
import type { StackWith } from "../../../../engine/stack-with.ts";
import { defineComponentStage } from "../../../../engine/stage.ts";
import { inspectServer } from "../inspect.ts";
import { clusteredChecks } from "./clustered-monitoring.ts";
import type { ClusteredPostgresFacts } from "./facts.ts";
import { leaderOf, lookAtEtcd, lookAtServers } from "./look-at-servers.ts";
import { planClusteredPostgres, preflightClusteredPostgres } from "./plan-clustered-postgres.ts";

/** PostgreSQL on a machine of a cluster: etcd and Patroni here; roles, database, event store on the server that leads. */
export const clusteredPostgresStage = defineComponentStage<"postgres", ClusteredPostgresFacts>({
  id: "postgres",
  title: "PostgreSQL",
  needs: ["system", "cluster"],
  checks: clusteredChecks,
  inspect,
  preflight: (facts, model) => preflightClusteredPostgres(facts, model, model.postgres),
  plan: (facts, model) => planClusteredPostgres(facts, model, model.postgres),
  reset: ({ component }, { postgres: { dataDirectory, patroni } }, wish) => {
    const there = component.files.flatMap(({ entry, differs }) => (differs.includes("missing") ? [] : entry.path));
    const folders = [dataDirectory, ...(patroni === undefined ? [] : [patroni.etcd.dataDirectory])];
    const made = folders.filter((path) => there.some((folder) => path === folder || path.startsWith(`${folder}/`)));
    return joinResets(resetComponent(component, wish), resetData(made, wish));
  },
});

async function inspect(
  reader: FactReader,
  model: StackWith<"postgres">,
  signal: AbortSignal,
): Promise<ClusteredPostgresFacts> {
  const { cluster, postgres } = model;
  const { patroni, unit } = postgres;
  if (cluster === undefined || patroni === undefined) throw new TypeError("the machine is alone");
  const component = await inspectComponent(reader, model, "postgres");
  const states = [patroni.etcd.unit, unit].map((name) => ({ name, facts: component.units.get(name) }));
  const failing = states.find(({ facts }) => facts?.failing === true);
  const words = failing && (await lastWords(reader.run, failing.name, signal));
  const running = states.every(({ facts }) => facts?.active === "active");
  const here = ownNode(cluster).name;
  if (!running) return { component, running, here, etcd: [], view: undefined, server: "down", lastWords: words };
  const [etcd, view] = await Promise.all([
    lookAtEtcd(cluster, patroni, signal),
    lookAtServers(cluster, patroni, signal),
  ]);
  const leads = view !== undefined && leaderOf(view.servers) !== undefined;
  const server = leads ? await inspectServer(reader, postgres, signal) : "down";
  return { component, running, here, etcd: etcd.map(({ name }) => name), view, server, lastWords: words };
}
