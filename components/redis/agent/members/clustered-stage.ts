import type { FactReader } from "../../../../engine/facts/fact-reader.ts";
import { ownNode } from "../../../../engine/facts/own-node.ts";
import { type ComponentFacts, inspectComponent, planBelow, planUnits } from "../../../../engine/plan/plan-files.ts";
import { failingServer, planMend } from "../../../../engine/plan/plan-mend.ts";
import { joinResets, resetComponent, resetData } from "../../../../engine/plan/reset-component.ts";
import type { StackWith } from "../../../../engine/stack-with.ts";
import { defineComponentStage, type Plan, type Problem } from "../../../../engine/stage.ts";
import type { ClusterModel } from "../../../../stack/components/cluster/model.ts";
import type { RedisModel } from "../../../../stack/components/redis/model.ts";
import { redisCode } from "../client.ts";
import { inspectFiles } from "../inspect-files.ts";
import { type FailingNode, mendNode, nodeSays } from "../mend-node.ts";
import { clusteredChecks } from "./clustered-monitoring.ts";
import { lookAtMembers } from "./look-at-members.ts";
import { describeSteps, isFormed, isWhole, type MemberView, planMembers } from "./plan-members.ts";
import { seatName, seatsOf } from "./seats.ts";

/** What the machine's own nodes are: `down`, `refused` (they know another password), or up with the others' that answer. */
export type MemberFacts = "down" | "refused" | readonly MemberView[];

export interface ClusteredRedisFacts {
  readonly component: ComponentFacts;
  readonly failing: readonly FailingNode[];
  /** This machine's place among the three. */
  readonly index: number;
  readonly members: MemberFacts;
}

/** Redis on a machine of a cluster: two nodes of six. */
export const clusteredRedisStage = defineComponentStage<"redis", ClusteredRedisFacts>({
  id: "redis",
  title: "Redis Cluster",
  needs: ["system", "cluster"],
  checks: clusteredChecks,
  inspect,
  preflight: (facts, { redis }) => preflightMembers(facts, redis),
  plan: (facts, { redis }) => planClusteredRedis(facts, redis),
  reset: ({ component }, { redis }, wish) => {
    const there = new Set(
      component.files.flatMap(({ entry, differs }) => (differs.includes("missing") ? [] : entry.path)),
    );
    const folders = redis.nodes.map(({ dataDirectory }) => dataDirectory).filter((path) => there.has(path));
    return joinResets(resetComponent(component, wish), resetData(folders, wish));
  },
});

async function inspect(
  reader: FactReader,
  model: StackWith<"redis">,
  signal: AbortSignal,
): Promise<ClusteredRedisFacts> {
  const { redis } = model;
  const cluster = clusterOf(redis);
  const component = await inspectComponent(reader, model, "redis");
  const failing = await Promise.all(redis.nodes.map((node) => inspectFiles(reader, node, component, signal)));
  const isUp = redis.nodes.every(({ unit }) => component.units.get(unit)?.active === "active");
  const { index } = ownNode(cluster);
  const members = isUp ? await inspectMembers(reader, redis, index, signal) : "down";
  return { component, failing: failing.filter((node) => node !== undefined), index, members };
}

async function inspectMembers(
  reader: Pick<FactReader, "withSecret">,
  redis: RedisModel,
  index: number,
  signal: AbortSignal,
): Promise<MemberFacts> {
  const cluster = clusterOf(redis);
  const seats = seatsOf(cluster, redis);
  return reader.withSecret("redis.auth", async (password) => {
    const { members, failed } = await lookAtMembers(seats, cluster, password, signal);
    for (const { connection } of members) connection.drop();
    const own = seats.filter((seat) => seat.index === index).flatMap((seat) => failed.get(seatName(seat)) ?? []);
    if (own.some((error) => ["WRONGPASS", "NOAUTH"].includes(redisCode(error) ?? ""))) return "refused";
    return own.length > 0 ? "down" : members.map(({ view }) => view);
  });
}

/** The others are waited for where there is nothing to do before they come: the machine is not at fault. */
export function preflightMembers({ members, index }: ClusteredRedisFacts, redis: RedisModel): Problem[] {
  if (typeof members === "string" || isFormed(members)) return [];
  const { nodes } = clusterOf(redis);
  const away = nodes.filter(
    (node) => members.filter(({ seat }) => seat.index === node.index).length < redis.nodes.length,
  );
  const hint = "stack-agent cluster status; there: stack-agent status";
  if (away.length > 0) {
    const names = away.map(({ name }) => name).join(", ");
    const message = `Redis waits for ${names}: all three machines form the cluster`;
    return [{ code: "waits-for-members", message, hint, waits: true }];
  }
  if (index === 0) return [];
  const message = `Redis waits for ${nodes[0]?.name}, which forms the cluster`;
  return [{ code: "waits-for-members", message, hint, waits: true }];
}

/** Files, damaged ones mended, then units, then the cluster. */
export function planClusteredRedis(facts: ClusteredRedisFacts, redis: RedisModel): Plan {
  const { component, failing, members, index } = facts;
  const sick = redis.nodes.flatMap((node) => {
    const found = failing.find(({ port }) => port === node.port);
    if (found === undefined) return [];
    const mends = mendNode(found, node);
    return [{ node, words: found.words, mends, isMended: mends.length > 0 || found.log?.checked === false }];
  });
  const mends = sick.flatMap(({ node: { unit }, mends }) =>
    planMend({ unit, active: component.units.get(unit)?.active ?? "inactive" }, mends),
  );
  const below = [...planBelow(component), ...mends, ...planUnits(component, { wait: true })];
  if (typeof members === "string") {
    const units = redis.nodes.map(({ unit }) => unit);
    const restarts = below.some((action) => action.do === "restartUnits");
    return {
      actions:
        members === "down" || restarts
          ? below
          : [...below, { do: "restartUnits", why: "answers to another password", args: { units, wait: true } }],
      unseen: ["nodes of the Redis Cluster: this machine's are not running yet"],
      failing: sick.map(({ node: { unit }, words, isMended }) => failingServer(unit, nodeSays(words), isMended)),
    };
  }
  const cluster = clusterOf(redis);
  const seats = seatsOf(cluster, redis);
  const steps = planMembers(members, seats, index);
  if (isWhole(steps) && isFormed(members)) return { actions: below, unseen: [] };
  const why = describeSteps(steps) || "the nodes are no cluster yet";
  return { actions: [...below, { do: "redisMembers", why, args: { cluster, seats, index } }], unseen: [] };
}

function clusterOf({ cluster }: RedisModel): ClusterModel {
  if (cluster === undefined) throw new TypeError("the machine is alone");
  return cluster;
}
