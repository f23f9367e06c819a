import type { Action } from "../../../engine/action.ts";
import type { FactReader } from "../../../engine/facts/fact-reader.ts";
import { type ComponentFacts, inspectComponent, planBelow, planUnits } from "../../../engine/plan/plan-files.ts";
import { failingServer, planMend } from "../../../engine/plan/plan-mend.ts";
import { joinResets, resetComponent, resetData } from "../../../engine/plan/reset-component.ts";
import type { StackWith } from "../../../engine/stack-with.ts";
import { defineComponentStage, type Plan } from "../../../engine/stage.ts";
import { isStackError } from "../../../lib/error.ts";
import type { RedisModel } from "../../../stack/components/redis/model.ts";
import { redisCode, withRedis } from "./client.ts";
import { inspectFiles } from "./inspect-files.ts";
import { lookAtNode } from "./look-at-node.ts";
import { type FailingNode, mendNode, nodeSays } from "./mend-node.ts";
import { checks } from "./monitoring.ts";
import { describeSteps, isWhole, type NodeView, planCluster } from "./plan-cluster.ts";
import { planStrangers } from "./plan-strangers.ts";
import { differsByPassword } from "./redis-password.ts";

/** `down`: not there or still loading; `refused`: not with the password we know. */
export type NodeFacts = NodeView | { readonly port: number; readonly state: "down" | "refused" };

export interface RedisFacts {
  readonly component: ComponentFacts;
  readonly nodes: readonly NodeFacts[];
  readonly failing: readonly FailingNode[];
  /** Ports of the nodes that run with what is on the disk, which has another password and differs by nothing else. */
  readonly otherPassword: readonly number[];
}

const LOOK_TIMEOUT = 5_000;

/** Redis: a unit a node, and one cluster of them. */
export const redisStage = defineComponentStage<"redis", RedisFacts>({
  id: "redis",
  title: "Redis Cluster",
  needs: ["system"],
  checks,
  inspect,
  preflight: () => [],
  plan: (facts, model) => planRedis(facts, model.redis),
  reset: ({ component }, model, wish) =>
    joinResets(resetComponent(component, wish), resetData(foldersOf(component, model.redis), wish)),
});

async function inspect(reader: FactReader, model: StackWith<"redis">, signal: AbortSignal): Promise<RedisFacts> {
  const component = await inspectComponent(reader, model, "redis");
  const nodes = await Promise.all(
    model.redis.nodes.map(({ port, unit }) =>
      component.units.get(unit)?.active === "active"
        ? inspectNode(reader, port, signal)
        : ({ port, state: "down" } as const),
    ),
  );
  const failing = await Promise.all(model.redis.nodes.map((node) => inspectFiles(reader, node, component, signal)));
  const refused = model.redis.nodes.filter(({ port }) => nodes.some((node) => node.port === port && isRefused(node)));
  const otherPassword = await Promise.all(
    refused.map(async ({ port, config }) => {
      const wanted = component.files.find(({ entry }) => entry.path === config);
      const found = await reader.readText(config);
      return wanted !== undefined && found !== undefined && differsByPassword(wanted.text, found) ? [port] : [];
    }),
  );
  return {
    component,
    nodes,
    failing: failing.filter((node) => node !== undefined),
    otherPassword: otherPassword.flat(),
  };
}

function isRefused(node: NodeFacts): boolean {
  return "state" in node && node.state === "refused";
}

/** Logs in to one node and asks what it knows of the cluster. */
export async function inspectNode(
  reader: Pick<FactReader, "withSecret">,
  port: number,
  signal: AbortSignal,
): Promise<NodeFacts> {
  const ended = AbortSignal.any([signal, AbortSignal.timeout(LOOK_TIMEOUT)]);
  try {
    return await reader.withSecret("redis.auth", (password) =>
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

/** Files, damaged ones mended, then units, then the cluster once every node answers. */
export function planRedis(facts: RedisFacts, redis: RedisModel): Plan {
  const sick = redis.nodes.flatMap((node) => {
    const found = facts.failing.find(({ port }) => port === node.port);
    if (found === undefined) return [];
    const mends = mendNode(found, node);
    return [{ node, words: found.words, mends, isMended: mends.length > 0 || found.log?.checked === false }];
  });
  const mends = sick.flatMap(({ node: { unit }, mends }) =>
    planMend({ unit, active: facts.component.units.get(unit)?.active ?? "inactive" }, mends),
  );
  const live = redis.nodes.filter(({ port }) => facts.otherPassword.includes(port));
  // Nothing else of the file differs, so no restart follows it.
  const component = {
    ...facts.component,
    files: facts.component.files.filter(({ entry }) => !live.some(({ config }) => config === entry.path)),
  };
  const passwords = live.flatMap(({ port, unit, config }): Action[] => {
    const file = facts.component.files.find(({ entry }) => entry.path === config);
    if (file === undefined) return [];
    const { path, mode, owner } = file.entry;
    return [
      { do: "redisPassword", why: "has another password", args: { port, unit, path, mode, owner, text: file.text } },
    ];
  });
  const below = [...passwords, ...planBelow(component), ...mends, ...planUnits(component, { wait: true })];
  const refused = facts.nodes.filter((node) => isRefused(node) && !facts.otherPassword.includes(node.port));
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
      failing: sick.map(({ node: { unit }, words, isMended }) => failingServer(unit, nodeSays(words), isMended)),
    };
  }
  const strangers = planStrangers(views, redis);
  if (strangers.length > 0) {
    return { actions: [...below, ...strangers], unseen: ["slots of the cluster: two nodes say they are the same"] };
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
