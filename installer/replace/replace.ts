import { isStackError, StackError } from "../../lib/error.ts";
import {
  type HandoverLookDocument,
  handoverLookDocument,
  handoverSettingsDocument,
  type ReplacementDocument,
} from "../../stack/documents/handover.ts";
import { deployUnwatched, intend } from "../flow/deploy.ts";
import { documentOf, jsonOf } from "../host/agents-error.ts";
import { occupantOf } from "../preflight/facts.ts";
import { assertPossible } from "../preflight/preflight.ts";
import { refuseStopped } from "../service/ship-service.ts";
import type { Wanted } from "../wanted/wanted.ts";
import { carryOn, cutOffPlan, discard, startOld } from "./carry-on.ts";
import { cutOffRun, placeTags, remedyOf } from "./cut-off.ts";
import { leftMounts } from "./left-mounts.ts";
import { type Config, LEASE, type Reached, type ReplaceOptions } from "./options.ts";
import { passOn, passOnData, stackAgent, waitHealthy } from "./pass-on.ts";
import { hasPlaceFor, leftComponents, refuseUnfit } from "./refuse-unfit.ts";
import { takeOver } from "./take-over.ts";
import { takenBack } from "./taken-back.ts";

/** Whose data is moved, in this order. */
const stores = ["postgres", "rabbitmq", "redis"] as const;

/** Milliseconds between two words. */
const RENEWAL = 60_000;

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
  const cutOff = await cutOffRun(node, { vmid: wanted.vmid, from, wanted });
  const remedy = cutOff && remedyOf(cutOff, from, wanted.vmid);
  if (plan && remedy !== undefined) throw cutOffPlan(remedy, options);
  if (remedy === "switch" || remedy === "finish") return carryOn(remedy, options, began);
  if (remedy === "start-old") await startOld(options);
  const { old, config } = await progress.step("look", `looking at container ${from}`, () =>
    lookAtOld(options, remedy !== undefined),
  );
  const { model } = wanted.template;
  refuseUnfit(model, old);
  const moving = stores.filter((name) => old.components.includes(name) && hasPlaceFor(name, model));
  const told = {
    ...{ schemaVersion: 1 as const, node: node.name, vmid: wanted.vmid, from, template: wanted.template.file },
    ...{ planned: plan, moved: {}, secrets: [...old.made, ...old.given] },
    services: old.services.map(({ name }) => name),
    left: [...leftComponents(model, old), ...leftMounts(config, wanted)],
  };
  const prepared = asNewcomer(wanted, config, from);
  if (plan) {
    const { verdict } = await intend({ node, wanted: prepared });
    assertPossible(verdict, node.name);
    return { ...told, seconds: (performance.now() - began) / 1000 };
  }
  if (remedy !== undefined) await discard(options);
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

async function lookAtOld(
  { node, shell, from, wanted }: ReplaceOptions,
  isCutOff: boolean,
): Promise<{
  readonly old: HandoverLookDocument;
  readonly config: Config;
}> {
  if (from === wanted.vmid) {
    throw new StackError("same-vmid", `--vmid and --from are both ${from}`, { hint: "--vmid names the new container" });
  }
  await refuseStopped(shell, from);
  const occupant = isCutOff ? undefined : await occupantOf(node, wanted.vmid);
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
function asNewcomer(wanted: Wanted, config: Config, from: number): Wanted {
  return {
    ...wanted,
    hostname: typeof config.hostname === "string" ? config.hostname : wanted.hostname,
    container: { ...wanted.container, network: "dhcp" },
    settings: { ...wanted.settings, onboot: false, tags: [...wanted.settings.tags, placeTags(from).made] },
  };
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
