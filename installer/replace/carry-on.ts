import { StackError } from "../../lib/error.ts";
import { handoverLookDocument, type ReplacementDocument } from "../../stack/documents/handover.ts";
import { destroy, doomed } from "../flow/destroy.ts";
import { documentOf, jsonOf } from "../host/agents-error.ts";
import type { Remedy } from "./cut-off.ts";
import { leftMounts } from "./left-mounts.ts";
import type { Reached, ReplaceOptions } from "./options.ts";
import { stackAgent, waitHealthy } from "./pass-on.ts";
import { begun, proveNew, startNew } from "./take-over.ts";
import { takenBack } from "./taken-back.ts";

export function cutOffPlan(remedy: Remedy, { from, wanted: { vmid } }: ReplaceOptions): StackError {
  const how = { switch: "it is given its address", finish: "it is looked after until it is healthy" };
  const next =
    remedy === "switch" || remedy === "finish"
      ? `it has all there is, and ${how[remedy]}`
      : `it is deleted, and made anew`;
  return new StackError("cut-off", `container ${vmid} is of a replacement of ${from} that was cut off`, {
    hint: `without --plan the same command carries on: ${next}`,
  });
}

/** After a run that was cut off when the new one had all there is: what of it is left to do. */
export async function carryOn(
  remedy: "switch" | "finish",
  options: ReplaceOptions,
  began: number,
): Promise<ReplacementDocument> {
  const { node, shell, from, wanted, progress } = options;
  const { vmid, template } = wanted;
  progress.log("info", `container ${vmid} has all there is of container ${from}: carrying on`);
  const config = await node.config(from);
  // What fails now may be the node's: nothing is taken back from a new one that may have taken something.
  const reached: Reached = { isMade: true, isOut: true, isSwitched: true };
  try {
    await progress.step("switch", `container ${vmid} takes the address of container ${from} over`, () =>
      startNew(config, options),
    );
    await proveNew([], options);
  } catch (error) {
    if (remedy === "finish") throw error;
    throw await takenBack(error, config, options, reached);
  }
  const printed = await stackAgent(shell, vmid, ["handover", "look"]);
  const what = `what container ${vmid} says of itself`;
  const { made, given, services } = documentOf(handoverLookDocument, jsonOf(printed), what);
  return {
    ...{ schemaVersion: 1, node: node.name, vmid, from, template: template.file, planned: false, moved: {} },
    ...{
      secrets: [...made, ...given],
      services: services.map(({ name }) => name),
      left: [...leftMounts(config, wanted)],
    },
    seconds: (performance.now() - began) / 1000,
  };
}

/** It was shut down, and the new one never told to have all there is: so it has. */
export async function startOld(options: ReplaceOptions): Promise<void> {
  const { node, shell, from, progress, signal, patience } = options;
  await progress.step("old", `container ${from} serves again`, async () => {
    await begun(await node.start(from), `starting container ${from}`, options);
    await waitHealthy(shell, from, { timeout: patience.healthy, signal });
  });
}

export async function discard({ node, wanted: { vmid }, progress, signal, patience }: ReplaceOptions): Promise<void> {
  const found = await doomed(node, vmid);
  if (found === undefined) return;
  progress.log("info", `container ${vmid} is what a replacement that was cut off has left: it is made anew`);
  await destroy(node, found, { progress, signal, timeout: patience.task, absence: patience.absence });
}
