import { isStackError, messageOf, StackError } from "../../lib/error.ts";
import type { Progress } from "../../lib/progress/progress.ts";
import { waitFor } from "../../lib/wait.ts";
import {
  type HandoverLookDocument,
  handoverLookDocument,
  handoverSettingsDocument,
  type ReplacementDocument,
} from "../../stack/documents/handover.ts";
import { deployUnwatched, intend, type Patience } from "../flow/deploy.ts";
import { destroy, doomed } from "../flow/destroy.ts";
import { documentOf, jsonOf } from "../host/agents-error.ts";
import type { Node } from "../node/node.ts";
import { waitTask } from "../node/wait-task.ts";
import { occupantOf } from "../preflight/facts.ts";
import { assertPossible } from "../preflight/preflight.ts";
import { refuseStopped } from "../service/ship-service.ts";
import type { NodeShell } from "../transports/node-shell.ts";
import type { Wanted } from "../wanted/wanted.ts";
import { passOn, passOnData, stackAgent, waitHealthy } from "./pass-on.ts";
import { hasPlaceFor, leftComponents, refuseUnfit } from "./refuse-unfit.ts";

/** A node, as itself and as its root. */
export interface Opened {
  readonly node: Node;
  readonly shell: NodeShell;
}

export interface ReplaceOptions extends Opened {
  /** Opens it anew, also where all else was stopped: a failure is undone by it. */
  readonly reopen: () => Promise<Opened>;
  /** The new container; its network and host name are the old one's. */
  readonly wanted: Wanted;
  readonly from: number;
  readonly plan: boolean;
  /** The definition, where both were changed. */
  readonly definition?: "template" | "old" | undefined;
  /** A new container that failed is stopped, not deleted. */
  readonly keep: boolean;
  readonly patience: Patience;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Told after a failure what is left. */
  readonly onLeft: (text: string) => void;
}

/** Whose data is moved, in this order. */
const stores = ["postgres", "rabbitmq", "redis"] as const;

/** Seconds that the old one is out of service at the most without a word from here. */
const LEASE = 300;
/** Milliseconds between two words. */
const RENEWAL = 60_000;
/** Milliseconds for the new one to get the old one's address, once it is healthy. */
const ADDRESS = 60_000;
/** Seconds for a container to shut down. */
const SHUTDOWN = 120;

/** How far it is, and so what a failure has to take back. */
interface Reached {
  isMade: boolean;
  isOut: boolean;
  isSwitched: boolean;
}

type Config = Readonly<Record<string, unknown>>;

/**
 * Replaces a container by a new one of another template, and moves all data over.
 *
 * The new one is made beside the old one, which serves meanwhile, without its address; it gets the old one's definition,
 * secrets and services' releases, and must be healthy with them. Then the old one goes out of service, and its data goes
 * over, store by store, counted on both sides. The old one is shut down, and the new one started with its address.
 * Whatever fails, the old one serves again.
 *
 * @throws StackError of what failed; the last line of `detail` says what is left
 */
export async function replace(options: ReplaceOptions): Promise<ReplacementDocument> {
  const { node, wanted, from, progress, plan } = options;
  const began = performance.now();
  const { old, config } = await progress.step("look", `looking at container ${from}`, () => lookAtOld(options));
  const { model } = wanted.template;
  refuseUnfit(model, old);
  const moving = stores.filter((name) => old.components.includes(name) && hasPlaceFor(name, model));
  const told = {
    ...{ schemaVersion: 1 as const, node: node.name, vmid: wanted.vmid, from, template: wanted.template.file },
    ...{ planned: plan, moved: {}, secrets: [...old.made, ...old.given] },
    services: old.services.map(({ name }) => name),
    left: [...leftComponents(model, old), ...leftMounts(config, wanted)],
  };
  const prepared = asNewcomer(wanted, config);
  if (plan) {
    const { verdict } = await intend({ node, wanted: prepared });
    assertPossible(verdict, node.name);
    return { ...told, seconds: (performance.now() - began) / 1000 };
  }
  const reached: Reached = { isMade: false, isOut: false, isSwitched: false };
  try {
    const settings = await makeNewcomer(prepared, options, reached);
    const out = performance.now();
    const moved = await leased(options, reached, () => moveData(moving, options));
    await takeOver(config, options, reached);
    const now = performance.now();
    return { ...told, ...settings, moved, without: (now - out) / 1000, seconds: (now - began) / 1000 };
  } catch (error) {
    throw await takenBack(error, config, options, reached);
  }
}

async function lookAtOld({ node, shell, from, wanted }: ReplaceOptions): Promise<{
  readonly old: HandoverLookDocument;
  readonly config: Config;
}> {
  if (from === wanted.vmid) {
    throw new StackError("same-vmid", `--vmid and --from are both ${from}`, { hint: "--vmid names the new container" });
  }
  await refuseStopped(shell, from);
  const occupant = await occupantOf(node, wanted.vmid);
  if (occupant !== undefined) {
    throw new StackError("vmid-taken", `there is a container or virtual machine ${wanted.vmid} already`, {
      hint: "name another with --vmid, or leave it out for the next free one",
    });
  }
  const printed = await stackAgent(shell, from, ["handover", "look"]).catch((error: unknown) => {
    if (!isStackError(error)) throw error;
    throw new StackError("old-agent", `the agent in container ${from} can't hand over: ${error.message}`, {
      detail: error.detail,
      hint: "upgrade it first: build-template release, of a stack.yaml with its Debian, then deploy-template upgrade",
    });
  });
  return {
    old: documentOf(handoverLookDocument, jsonOf(printed), `what container ${from} says of itself`),
    config: await node.config(from),
  };
}

/** Its host name is the old one's; until it takes over, it has an address of its own, if any. */
function asNewcomer(wanted: Wanted, config: Config): Wanted {
  return {
    ...wanted,
    hostname: typeof config.hostname === "string" ? config.hostname : wanted.hostname,
    container: { ...wanted.container, network: "dhcp" },
    settings: { ...wanted.settings, onboot: false },
  };
}

/** What is mounted in the old one by somebody's hand. */
function leftMounts(config: Config, { volumes }: Wanted): readonly string[] {
  return Object.entries(config).flatMap(([key, value]) => {
    const path = /(?:^|,)mp=([^,]+)/.exec(String(value))?.[1];
    return /^mp\d+$/.test(key) && path !== undefined && !volumes.some((one) => one.path === path)
      ? [`${key} ${String(value)}`]
      : [];
  });
}

async function makeNewcomer(wanted: Wanted, options: ReplaceOptions, reached: Reached) {
  const { node, shell, progress, signal, patience, from, definition } = options;
  const { vmid } = wanted;
  reached.isMade = true;
  await deployUnwatched({ node, wanted, progress, signal, patience });
  const wait = { timeout: patience.healthy, signal };
  await progress.step("wait", "waiting until all of the new stack works", () => waitHealthy(shell, vmid, wait));
  return progress.step("settings", "moving definition, secrets and services' releases", async () => {
    const which = definition === undefined ? [] : ["--definition", definition];
    const { received } = await passOn(shell, { from, to: vmid, what: "settings", options: which }, (line) =>
      progress.log("debug", line),
    );
    const {
      secrets,
      services,
      definition: whose,
    } = documentOf(handoverSettingsDocument, received, `what container ${vmid} says of its settings`);
    await waitHealthy(shell, vmid, wait);
    return { secrets, services, definition: whose };
  });
}

/** Takes the old one out of service for a while that is put off again and again. */
async function leased<T>(
  { shell, from, progress }: ReplaceOptions,
  reached: Reached,
  act: () => Promise<T>,
): Promise<T> {
  reached.isOut = true;
  await progress.step("stand-down", `taking the services of container ${from} out of service`, () =>
    stackAgent(shell, from, ["handover", "begin", "--lease", `${LEASE}`]),
  );
  const renew = (): Promise<string> => stackAgent(shell, from, ["handover", "renew", "--lease", `${LEASE}`]);
  // One that can't be renewed now may be in a minute; whether it held is asked at the end.
  const clock = setInterval(() => void renew().catch(() => {}), RENEWAL);
  try {
    const result = await act();
    clearInterval(clock);
    await renew();
    return result;
  } finally {
    clearInterval(clock);
  }
}

async function moveData(moving: readonly string[], options: ReplaceOptions): Promise<ReplacementDocument["moved"]> {
  const { shell, from, wanted, progress } = options;
  const { vmid } = wanted;
  await stackAgent(shell, vmid, ["handover", "begin"]);
  const moved: [string, Record<string, number>][] = [];
  for (const what of moving) {
    const counts = await progress.step(what, `moving ${what}'s data`, () =>
      passOnData(shell, { from, to: vmid, what }, (line) => progress.log("debug", line)),
    );
    moved.push([what, counts]);
  }
  return Object.fromEntries(moved);
}

/** From here on the new one has all there is. */
async function takeOver(config: Config, options: ReplaceOptions, reached: Reached): Promise<void> {
  const { node, shell, from, wanted, progress, signal, patience } = options;
  const { vmid, settings } = wanted;
  const addresses = await addressesOf(node, from);
  // It would ask its DHCP server for the address that it had until now.
  await shell.exec(["pct", "exec", `${vmid}`, "--", "sh", "-c", "rm -f /var/lib/dhcp/*.leases"]);
  reached.isSwitched = true;
  await progress.step("switch", `container ${vmid} takes the address of container ${from} over`, async () => {
    await Promise.all([from, vmid].map((each) => shutDown(each, options)));
    await node.configure(from, { onboot: false });
    await node.configure(vmid, { ...networkOf(config), onboot: settings.onboot });
    await begun(await node.start(vmid), `starting container ${vmid}`, options);
  });
  const wait = { timeout: patience.healthy, signal };
  await progress.step("healthy", "waiting until all of the stack works", async () => {
    await waitHealthy(shell, vmid, wait);
    await waitAddresses(node, vmid, addresses, signal);
  });
}

async function addressesOf(node: Node, vmid: number): Promise<readonly string[]> {
  const { addresses } = await node.addresses(vmid);
  const four = addresses.filter((address) => !address.includes(":"));
  // Of IPv6 a node may have several, and not all of them for long.
  return four.length > 0 ? four : addresses.slice(0, 1);
}

/** @throws StackError `address-not-taken` */
async function waitAddresses(node: Node, vmid: number, wanted: readonly string[], signal: AbortSignal): Promise<void> {
  let found: readonly string[] = [];
  const isThere = async (): Promise<boolean> => {
    found = (await node.addresses(vmid)).addresses;
    return wanted.every((address) => found.includes(address));
  };
  await waitFor(isThere, { what: "the address", timeout: ADDRESS, interval: 500, signal }).catch((error: unknown) => {
    if (!isStackError(error) || error.code !== "timeout") throw error;
    throw new StackError("address-not-taken", `container ${vmid} has not got the address ${wanted.join(", ")}`, {
      detail: [`it has ${found.join(", ") || "none"}`],
      hint: "reserve it for the old one's MAC address at the DHCP server, or give it a fixed one; then replace again",
    });
  });
}

/** All by which it is known on its network, the MAC address included: a lease goes by it. */
function networkOf(config: Config): Record<string, string> {
  const names = Object.keys(config).filter((key) => /^(net\d+|nameserver|searchdomain)$/.test(key));
  return Object.fromEntries(names.map((key) => [key, String(config[key])]));
}

async function shutDown(vmid: number, options: Pick<ReplaceOptions, "node" | "progress" | "signal" | "patience">) {
  await begun(await options.node.shutdown(vmid, SHUTDOWN), `shutting down container ${vmid}`, options);
}

function begun(
  task: string,
  what: string,
  { node, progress, signal, patience }: Pick<ReplaceOptions, "node" | "progress" | "signal" | "patience">,
): Promise<void> {
  const onLine = (line: string): void => progress.log("debug", line);
  return waitTask(node, task, { what, timeout: patience.task, absence: patience.absence, signal, onLine });
}

/** Has the old one serve again, whatever stopped the replacement, and says what is left. */
async function takenBack(error: unknown, config: Config, options: ReplaceOptions, reached: Reached): Promise<unknown> {
  const { from, wanted, keep, progress } = options;
  const { vmid } = wanted;
  // What stopped it must not stop this.
  const signal = new AbortController().signal;
  const lines: string[] = [];
  const attempt = async (done: string, otherwise: string, act: () => Promise<unknown>): Promise<void> => {
    try {
      await act();
      if (done !== "") lines.push(done);
    } catch (fault) {
      lines.push(`${otherwise}: ${messageOf(fault)}`);
    }
  };
  await progress.step("back", `container ${from} serves again`, async () => {
    const opened = await options
      .reopen()
      .catch((fault: unknown) => void lines.push(`out of reach: ${messageOf(fault)}`));
    if (opened === undefined) {
      lines.push(
        reached.isSwitched
          ? `look which of the containers ${from} and ${vmid} runs: pct stop ${vmid}; pct start ${from}`
          : `container ${from} serves again within ${LEASE} s by itself; container ${vmid} is there`,
      );
      return;
    }
    const { node, shell } = opened;
    const how = { ...options, node, shell, signal };
    const status = async (id: number): Promise<string | undefined> => {
      const guest = await occupantOf(node, id);
      return guest === undefined || guest === "unseen" ? undefined : guest.status;
    };
    try {
      if (reached.isSwitched) {
        await attempt("", `container ${vmid} runs still: pct stop ${vmid}`, async () => {
          if ((await status(vmid)) === "running") await begun(await node.stop(vmid), `stopping container ${vmid}`, how);
        });
        await attempt(`container ${from} serves again`, `container ${from} is not up: pct start ${from}`, async () => {
          const onboot = String(config.onboot ?? "0") === "1";
          await node.configure(from, { onboot });
          if ((await status(from)) !== "running") {
            await begun(await node.start(from), `starting container ${from}`, how);
            await waitHealthy(shell, from, { timeout: options.patience.healthy, signal });
          } else await stackAgent(shell, from, ["handover", "end"]);
        });
      } else if (reached.isOut) {
        const otherwise = `container ${from} serves again within ${LEASE} s, or now by: pct exec ${from} -- stack-agent handover end`;
        await attempt(`container ${from} serves again`, otherwise, () => stackAgent(shell, from, ["handover", "end"]));
      } else lines.push(`container ${from} serves as before`);
      if (!reached.isMade) return;
      if (keep) return void lines.push(`container ${vmid} is kept: deploy-template destroy --vmid ${vmid}`);
      await attempt(`container ${vmid} is gone`, `container ${vmid} is there still`, async () => {
        const found = await doomed(node, vmid);
        const { task: timeout, absence } = options.patience;
        if (found !== undefined) await destroy(node, found, { progress, signal, timeout, absence });
      });
    } finally {
      shell.close();
    }
  });
  const left = lines.join("; ");
  options.onLeft(left);
  const { code, message, hint, cause, exit, detail } = isStackError(error)
    ? error
    : new StackError("replace-failed", messageOf(error), { cause: error });
  return new StackError(code, message, { hint, cause, exit, detail: [...detail, left] });
}
