import type { StageId } from "../../stack/stage-ids.ts";
import { random, shuffled } from "./random.ts";

/** What may happen to a machine. Of processes: killed with SIGKILL. */
export const faults = [
  "kill provision",
  "kill serve",
  "kill postgres",
  "kill redis",
  "kill rabbitmq",
  "power cut",
  "two power cuts",
  "shutdown",
] as const;
export type Fault = (typeof faults)[number];

/** How far a first boot's moments lie apart: what a stage usually takes, so that all of it is met. */
const extents = {
  boot: { actions: 0, ms: 900 },
  system: { actions: 16, ms: 300 },
  python: { actions: 0, ms: 200 },
  postgres: { actions: 8, ms: 900 },
  redis: { actions: 5, ms: 1_500 },
  rabbitmq: { actions: 4, ms: 3_000 },
  services: { actions: 0, ms: 20 },
  up: { actions: 0, ms: 4_000 },
} as const satisfies Partial<
  Readonly<Record<"boot" | StageId | "up", { readonly actions: number; readonly ms: number }>>
>;

/** Where provisioning is when it happens: a stage of the default stack, before the first one, or after the last one. */
export type Place = keyof typeof extents;
export const places = Object.keys(extents) as readonly Place[];

/**
 * Whose boot it is: a new instance's first, a copy's first, or a later one of an instance
 * with data.
 */
export type Situation = "first" | "copy" | "later";

export interface Moment {
  readonly place: Place;
  /** Actions that the stage has carried out by then; it may end before. */
  readonly actions: number;
  /** After that, milliseconds. */
  readonly ms: number;
}

export interface Round {
  readonly seed: number;
  readonly number: number;
  readonly fault: Fault;
  readonly situation: Situation;
  readonly moment: Moment;
  /** Which of several alike is struck, in [0, 1). */
  readonly which: number;
}

/**
 * One round of a seed, whatever other rounds there are. Any eight rounds that begin at a multiple
 * of eight meet each fault and each place once; any 64 meet each pair of them.
 *
 * @param number from 0
 */
export function drawRound(seed: number, number: number): Round {
  const deck = random(seed);
  const [order, where] = [shuffled(faults, deck), shuffled(places, deck)];
  const pick = random(seed, number);
  const fault = at(order, number);
  const drawn = at(where, number + Math.floor(number / faults.length));
  // Provisioning is no more once all is up.
  const place = fault === "kill provision" && drawn === "up" ? "services" : drawn;
  const extent = extents[place];
  const situation = at(situations, Math.floor(pick() * situations.length));
  // By what it has done, or by the clock.
  const actions = pick() < 0.5 ? Math.floor(pick() * (extent.actions + 1)) : 0;
  const ms = Math.round(pick() * (actions === 0 ? extent.ms : JUST_AFTER));
  return { seed, number, fault, situation, moment: { place, actions, ms }, which: pick() };
}

/** Milliseconds in which the next action is under way. */
const JUST_AFTER = 60;

/** A first boot has most to lose. */
const situations: readonly Situation[] = ["first", "first", "first", "copy", "later"];

/** A round in words, e.g. "power cut of a copy in stage redis, after 2 actions and 431 ms". */
export function describeRound({ fault, situation, moment: { place, actions, ms } }: Round): string {
  const boot = { first: "a first boot", copy: "a copy's first boot", later: "a later boot with data" }[situation];
  if (place === "boot") return `${fault} in ${boot}, ${ms} ms after its start`;
  if (place === "up") return `${fault} in ${boot}, ${ms} ms after provisioning`;
  return `${fault} in ${boot}, in stage ${place}, after ${actions} actions and ${ms} ms`;
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length];
  if (item === undefined) throw new TypeError("there is nothing to pick from");
  return item;
}
