import { isStackError } from "../../../lib/error.ts";
import type { Model, RedisModel } from "../../../stack/model.ts";
import { redisCheck } from "../../checks/redis.ts";
import { redisCode, withRedis } from "../../clients/redis.ts";
import type { Eyes } from "../../engine/eyes.ts";
import { type ComponentFacts, inspectComponent, planComponent } from "../../engine/plan-files.ts";
import { joinResets, resetComponent, resetData } from "../../engine/plan-reset.ts";
import { defineStage, type Plan } from "../../engine/stage.ts";
import { lookAtNode } from "./look.ts";
import { describeSteps, isWhole, type NodeView, planCluster } from "./plan-cluster.ts";

/** `down`: not there or still loading; `refused`: not with the password we know. */
export type NodeFacts = NodeView | { readonly port: number; readonly state: "down" | "refused" };

export interface RedisFacts {
  readonly component: ComponentFacts;
  readonly nodes: readonly NodeFacts[];
}

const LOOK_TIMEOUT = 5_000;

/** Redis: a unit a node, and one cluster of them. */
export const redisStage = defineStage<"redis", RedisFacts>({
  id: "redis",
  title: "Redis Cluster",
  needs: ["system"],
  present: (model) => model.redis !== undefined,
  checks: (model) => [redisCheck(model)],
  inspect,
  preflight: () => [],
  plan: (facts, model) => planRedis(facts, part(model)),
  reset: ({ component }, model, wish) =>
    joinResets(resetComponent(component, wish), resetData(foldersOf(component, part(model)), wish)),
});

async function inspect(eyes: Eyes, model: Model, signal: AbortSignal): Promise<RedisFacts> {
  const component = await inspectComponent(eyes, model, "redis");
  const nodes = await Promise.all(
    part(model).nodes.map(({ port, unit }) =>
      component.units.get(unit)?.active === "active"
        ? inspectNode(eyes, port, signal)
        : ({ port, state: "down" } as const),
    ),
  );
  return { component, nodes };
}

/** Logs in to one node and asks what it knows of the cluster. */
export async function inspectNode(
  eyes: Pick<Eyes, "withSecret">,
  port: number,
  signal: AbortSignal,
): Promise<NodeFacts> {
  const ended = AbortSignal.any([signal, AbortSignal.timeout(LOOK_TIMEOUT)]);
  try {
    return await eyes.withSecret("redis.auth", (password) =>
      withRedis(port, password, ended, (client) => lookAtNode(client, port)),
    );
  } catch (error) {
    signal.throwIfAborted();
    const code = redisCode(error) ?? "";
    if (["WRONGPASS", "NOAUTH"].includes(code) || (isStackError(error) && error.code === "secret-missing"))
      return { port, state: "refused" };
    if (ended.aborted || ["ECONNREFUSED", "ECONNRESET", "LOADING"].includes(code)) return { port, state: "down" };
    throw error;
  }
}

/** Files, then units, then the cluster once every node answers. */
export function planRedis(facts: RedisFacts, redis: RedisModel): Plan {
  const below = planComponent(facts.component, { wait: true });
  const refused = facts.nodes.filter((node) => "state" in node && node.state === "refused");
  const units = redis.nodes.filter(({ port }) => refused.some((node) => node.port === port)).map(({ unit }) => unit);
  const restarted = below.flatMap((action) => (action.do === "restartUnits" ? action.args.units : []));
  const another = units.filter((unit) => !restarted.includes(unit));
  const views = facts.nodes.filter((node) => "nodes" in node);
  if (views.length < facts.nodes.length) {
    return {
      actions: [
        ...below,
        ...(another.length === 0
          ? []
          : [
              { do: "restartUnits", why: "answers to another password", args: { units: another, wait: true } } as const,
            ]),
      ],
      unseen: ["slots and nodes of the cluster: Redis is not running yet"],
    };
  }
  const steps = planCluster(views);
  if (isWhole(steps)) return { actions: below, unseen: [] };
  return {
    actions: [
      ...below,
      { do: "redisCluster", why: describeSteps(steps), args: { ports: redis.nodes.map(({ port }) => port) } },
    ],
    unseen: [],
  };
}

function foldersOf({ files }: ComponentFacts, { nodes }: RedisModel): string[] {
  const there = new Set(files.flatMap(({ entry, differs }) => (differs.includes("missing") ? [] : [entry.path])));
  return nodes.map(({ dataDirectory }) => dataDirectory).filter((path) => there.has(path));
}

function part({ redis }: Model): RedisModel {
  if (redis === undefined) throw new TypeError("this stack has no redis");
  return redis;
}
