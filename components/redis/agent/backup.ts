import { chown, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { accountOwner } from "../../../engine/actions/local-io.ts";
import type { BackupPart, BackupPartContext, SaveOptions } from "../../../engine/backup-part.ts";
import { readSecret } from "../../../engine/secrets/read-secret.ts";
import type { StackWith } from "../../../engine/stack-with.ts";
import { copyTree, linkTree } from "../../../lib/copy-tree.ts";
import { StackError } from "../../../lib/error.ts";
import { ensureFolder, namesIfAny, writeFileAtomic } from "../../../lib/files.ts";
import { waitFor } from "../../../lib/wait.ts";
import type { RedisNode } from "../../../stack/components/redis/model.ts";
import { manifestLine, manifestName } from "./append-only.ts";
import { withRedis } from "./client.ts";
import { parseClusterNodes, type SlotRange } from "./cluster-nodes.ts";
import { infoField } from "./info-field.ts";
import { readPersistence } from "./persistence.ts";
import { requestSave } from "./save-request.ts";

/** Milliseconds for a node's answer; for all of them to save, one after the other; and to load what they saved. */
const ANSWER = 10_000;
const SAVE = 3_600_000;
const LOAD = 3_600_000;

/** Milliseconds for a node that is down, or whose save fails again and again. */
const PATIENCE = 120_000;

/*
 * Redis's keys: a snapshot of each master, in a file that is named by the slots it serves, `0-5460.rdb`. It comes
 * back as the base of the append-only file, which is what a node with one reads; replicas then copy it.
 */

export function backupParts(model: StackWith<"redis">): readonly BackupPart[] {
  const { nodes } = model.redis;
  return [
    {
      name: "redis",
      comes: "after-provisioning",
      save: (folder, options) => save(nodes, folder, options),
      prove: (folder, context) => prove(folder, context),
      restore: (folder, context) => restore(nodes, folder, context),
    },
  ];
}

async function save(nodes: readonly RedisNode[], folder: string, options: SaveOptions): Promise<boolean> {
  const { model, signal, run, askForJob } = options;
  const began = Date.now();
  const since = Math.floor(began / 1000);
  await requestSave(model.paths.run, since);
  await askForJob("redis-saves");
  const failing = await waitFor(() => lookAtSaves(nodes, since, began, options), {
    what: "Redis's nodes to save, which the job redis-saves has them do",
    timeout: SAVE,
    interval: 300,
    signal,
  });
  if (failing.length > 0) {
    throw new StackError("save-failed", `node ${failing.join(", ")} is down, or can't save its data`, {
      hint: "df -h /var/lib/redis; stack-agent logs -n 50 redis",
    });
  }
  const masters = await mastersOf(nodes, options);
  for (const { node, slots } of masters) {
    await linkTree(join(node.dataDirectory, "dump.rdb"), join(folder, fileOf(slots)), { run, signal });
  }
  return masters.length > 0;
}

/** Nodes that fail or are down for long, none once all have saved; undefined while there is something to wait for. */
async function lookAtSaves(
  nodes: readonly RedisNode[],
  since: number,
  began: number,
  context: BackupPartContext,
): Promise<readonly number[] | undefined> {
  const looks = await Promise.all(
    nodes.map(async ({ port }) => {
      const info = await ask(port, context, (client) => client.info("persistence")).catch(() => undefined);
      return info === undefined ? undefined : readPersistence(info);
    }),
  );
  if (looks.every((look) => look !== undefined && look.lastSave >= since && !look.saves)) return [];
  if (Date.now() - began < PATIENCE) return undefined;
  const failing = nodes.filter((_, index) => looks[index]?.failed.includes("BGSAVE") ?? true);
  return failing.length > 0 ? failing.map(({ port }) => port) : undefined;
}

async function prove(folder: string, { run, signal }: BackupPartContext): Promise<void> {
  for (const name of await namesIfAny(folder)) {
    const path = join(folder, name);
    const { code } = await run("redis-check-rdb", [path], { signal, timeout: LOAD, accept: [0, 1] });
    if (code === 0) continue;
    throw new StackError("backup-unusable", `what Redis saved of the slots ${name.replace(".rdb", "")} can't be read`, {
      hint: "an earlier backup may do: stack-agent backup ls",
    });
  }
}

async function restore(nodes: readonly RedisNode[], folder: string, context: BackupPartContext): Promise<void> {
  const { run, signal } = context;
  const masters = await mastersOf(nodes, context);
  const files = await namesIfAny(folder);
  const [saved, served] = [files, masters.map(({ slots }) => fileOf(slots))].map((names) => names.toSorted().join(" "));
  if (saved !== served) {
    throw new StackError(
      "slots-differ",
      `the keys are of the slots ${saved}, and this cluster's nodes serve ${served}`,
      {
        hint: "Redis comes back into a cluster with as many nodes; give the definition as many redis.ports",
      },
    );
  }
  const owner = await accountOwner("redis:redis");
  const draft = ({ dataDirectory }: RedisNode): string => join(dataDirectory, "appendonlydir.restored");
  for (const { node, slots } of masters) {
    await rm(draft(node), { recursive: true, force: true });
    await ensureFolder(draft(node), { mode: 0o750, ...owner });
    // A host that is not of the template has accounts of other numbers.
    await copyTree(join(folder, fileOf(slots)), join(draft(node), base), { run, signal });
    await chown(join(draft(node), base), owner.uid, owner.gid);
    await writeFileAtomic(join(draft(node), manifestName), manifestLine(base), { mode: 0o640, ...owner });
  }
  const units = nodes.map(({ unit }) => unit);
  // All at once: a replica of a master that is down would take its place.
  await run("systemctl", ["stop", ...units], { signal, timeout: 180_000 });
  for (const node of nodes) await rm(join(node.dataDirectory, "appendonlydir"), { recursive: true, force: true });
  for (const { node } of masters) await rename(draft(node), join(node.dataDirectory, "appendonlydir"));
  await run("systemctl", ["start", ...units], { signal, timeout: 180_000 });
  const isUp = async (): Promise<boolean> => {
    const infos = await Promise.all(nodes.map(({ port }) => ask(port, context, (client) => client.cluster("INFO"))));
    return infos.every((info) => infoField(info, "cluster_state") === "ok");
  };
  await waitFor(isUp, {
    what: "Redis to have read its keys",
    timeout: LOAD,
    interval: 300,
    signal,
  });
}

const base = "appendonly.aof.1.base.rdb";

function fileOf(slots: readonly SlotRange[]): string {
  return `${slots.map(([first, last]) => `${first}-${last}`).join(",")}.rdb`;
}

interface Master {
  readonly node: RedisNode;
  readonly slots: readonly SlotRange[];
}

async function mastersOf(nodes: readonly RedisNode[], context: BackupPartContext): Promise<readonly Master[]> {
  const [first] = nodes;
  if (first === undefined) return [];
  const text = await ask(first.port, context, (client) => client.cluster("NODES"));
  const known = parseClusterNodes(String(text)).filter(({ slots }) => slots.length > 0);
  return known.flatMap(({ port, slots }) =>
    nodes.filter((node) => node.port === port).map((node) => ({ node, slots })),
  );
}

async function ask(
  port: number,
  { model, signal }: BackupPartContext,
  question: (client: Parameters<Parameters<typeof withRedis>[3]>[0]) => Promise<unknown>,
): Promise<string> {
  const password = await readSecret(model.paths.state, "redis.auth");
  if (password === undefined) {
    throw new StackError("secret-missing", "the secret redis.auth is not there", { hint: "stack-agent provision" });
  }
  const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER)]);
  return String(await withRedis(port, password, within, question));
}
