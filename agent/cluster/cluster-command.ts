import { setTimeout as sleep } from "node:timers/promises";
import { loadClusterParts } from "../../components/agent.ts";
import { takeLock } from "../../engine/run/take-lock.ts";
import { ExitCode, isStackError, StackError } from "../../lib/error.ts";
import type { Log } from "../../lib/log.ts";
import { waitFor } from "../../lib/wait.ts";
import { joinUnit } from "../../stack/components/cluster/model.ts";
import { requireRoot } from "../cli/require-root.ts";
import { loadModel } from "../model/load-model.ts";
import { answersAt } from "./answers-at.ts";
import { askToJoin } from "./ask-to-join.ts";
import { keyHash } from "./authority.ts";
import { certificateEnd } from "./certificate-end.ts";
import { type ClusterContext, clusterContext } from "./cluster-context.ts";
import { clusterStatus } from "./cluster-status.ts";
import { clusterTable } from "./cluster-table.ts";
import { initCluster } from "./init-cluster.ts";
import { joinCluster } from "./join-cluster.ts";
import { listenForJoins } from "./listen-for-joins.ts";
import { ensureStateFolder, requireMember } from "./membership.ts";
import { makeToken, storedToken, tokenText } from "./token.ts";
import { tokenStore } from "./token-store.ts";

export type ClusterAction =
  | { readonly do: "init" }
  | { readonly do: "token"; readonly ttl: number }
  | { readonly do: "join"; readonly token: () => Promise<string>; readonly address?: string | undefined }
  | { readonly do: "status" }
  | { readonly do: "listen" };

export interface ClusterCommandOptions {
  readonly json?: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Standard output, and standard error. */
  readonly write: (text: string) => void;
  readonly writeAside: (text: string) => void;
  /** Of this process; undefined where the system has none. */
  readonly userId: number | undefined;
}

/** Seconds: what a token may be valid for. */
const longest = 86_400;
/** Milliseconds that provisioning, which tries again every quarter of a minute, is given to end. */
const lockPatience = 60_000;

/**
 * `stack-agent cluster init|token|join|status|listen`.
 *
 * @returns 0; status: 1 where two of three members of a component are lost, 2 where less than all is well
 * @throws StackError `usage` (64), `not-root`, as clusterContext, initCluster, joinCluster, requireMember and
 *   listenForJoins do
 */
export async function clusterCommand(action: ClusterAction, options: ClusterCommandOptions): Promise<number> {
  const { log, signal, userId } = options;
  requireRoot(`cluster ${action.do}`, userId);
  if (action.do === "token" && !(Number.isInteger(action.ttl) && action.ttl > 0 && action.ttl <= longest)) {
    throw new StackError("usage", `--ttl must be seconds, more than 0 and at most ${longest}`, {
      hint: "stack-agent cluster token --ttl 900",
      exit: ExitCode.usage,
    });
  }
  const context = await clusterContext(await loadModel(), signal);
  switch (action.do) {
    case "init":
      return become(context, options, "the first member", () => initCluster(context, answersAt));
    case "join": {
      const token = await action.token();
      return become(context, options, "a member", () => joinCluster(token, action.address, context, askToJoin));
    }
    case "token":
      return giveToken(context, action.ttl, options);
    case "status":
      return tellStatus(context, options);
    case "listen":
      await requireMember(context.files, context.place);
      await listenForJoins(context, tokenStore(context.files.stateFolder), log);
      return ExitCode.healthy;
  }
}

/** What follows is provisioning's: it is begun, and not waited for. */
async function become(
  context: ClusterContext,
  { json, write, signal }: ClusterCommandOptions,
  what: string,
  change: () => Promise<boolean>,
): Promise<number> {
  const { model, place, run } = context;
  const changed = await underLock(context, signal, change);
  if (changed) await run("systemctl", ["restart", "--no-block", "stack-provision.service"]);
  const document = { schemaVersion: 1, node: place.name, address: place.address, changed };
  const told = changed
    ? [`This machine, node ${place.name}, is ${what} of the cluster of ${model.name}.`]
    : [`This machine, node ${place.name}, is a member already; nothing was changed.`];
  const next =
    "Next: stack-agent cluster token here, stack-agent cluster join TOKEN on the others; stack-agent cluster status";
  write(json ? `${JSON.stringify(document)}\n` : `${[...told, next].join("\n")}\n`);
  return ExitCode.healthy;
}

/** Provisioning, which waits for a membership, may just be looking. */
async function underLock<T>({ model, run }: ClusterContext, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const until = performance.now() + lockPatience;
  for (;;) {
    try {
      const lock = await takeLock(model.paths.run, run);
      try {
        return await work();
      } finally {
        await lock.close();
      }
    } catch (error) {
      const held = isStackError(error) && error.code === "already-running";
      if (!held || performance.now() > until) throw error;
      await sleep(500, undefined, { signal });
    }
  }
}

async function tellStatus(context: ClusterContext, { json, write, signal }: ClusterCommandOptions): Promise<number> {
  const { files, place, model, secrets } = context;
  await requireMember(files, place);
  const parts = await loadClusterParts(model);
  const ports = model.ports.flatMap(({ port, bind }) => (bind === "members" ? [port] : []));
  const look = { model, signal, secret: (name: string) => secrets.read(name) };
  const document = await clusterStatus(place.name, parts, look, certificateEnd(ports, signal));
  write(json ? `${JSON.stringify(document)}\n` : clusterTable(document, process.stdout.isTTY));
  return { healthy: ExitCode.healthy, degraded: ExitCode.degraded, failed: ExitCode.failed }[document.status];
}

async function giveToken(
  context: ClusterContext,
  ttl: number,
  { json, write, writeAside, signal }: ClusterCommandOptions,
): Promise<number> {
  const { files, place, cluster, run, now } = context;
  const { authority } = await requireMember(files, place);
  const token = makeToken(place.name, keyHash(authority));
  const expires = now().getTime() + ttl * 1000;
  await ensureStateFolder(files);
  await tokenStore(files.stateFolder).add(storedToken(token, expires), now().getTime());
  await run("systemctl", ["start", joinUnit]);
  await waitFor(() => answersAt(place.address, cluster.joinPort), {
    what: `${joinUnit} to listen on ${place.address}:${cluster.joinPort}`,
    timeout: 20_000,
    signal,
  });
  const until = new Date(expires).toISOString();
  if (json) write(`${JSON.stringify({ schemaVersion: 1, token: tokenText(token), expires: until })}\n`);
  else {
    write(`${tokenText(token)}\n`);
    writeAside(`Valid until ${until}. On each of the others: stack-agent cluster join TOKEN\n`);
  }
  return ExitCode.healthy;
}
