import type { Definitions } from "../../../stack/components/rabbitmq/definitions.ts";

/** What the broker holds, as its management API exports it: more fields than are named here. */
export interface HeldDefinitions {
  readonly users: readonly HeldUser[];
  readonly vhosts: readonly Held[];
  readonly permissions: readonly Held[];
  readonly policies: readonly Held[];
  readonly exchanges: readonly Held[];
  readonly queues: readonly Held[];
  readonly bindings: readonly Held[];
}

export type Held = Readonly<Record<string, unknown>>;

export interface HeldUser {
  readonly name: string;
  readonly tags: readonly string[];
  /** Its password is that of its secret. */
  readonly passwordMatches: boolean;
}

/** Which fields name one of a kind. */
const keys = {
  vhosts: ["name"],
  permissions: ["vhost", "user"],
  policies: ["vhost", "name"],
  exchanges: ["vhost", "name"],
  queues: ["vhost", "name"],
  bindings: ["vhost", "source", "destination_type", "destination", "routing_key"],
} as const;

/**
 * What is missing or otherwise than wanted, one phrase each. What the broker holds beside
 * that is its users' own and is left alone.
 */
export function definitionsDrift(wanted: Definitions, held: HeldDefinitions): string[] {
  const kinds = Object.keys(keys) as (keyof typeof keys)[];
  return [
    ...wanted.users.flatMap((user) => userDrift(user, held)),
    ...kinds.flatMap((kind) => {
      const items: readonly object[] = wanted[kind];
      return items.flatMap((item) => itemDrift(kind, { ...item }, held[kind]));
    }),
  ];
}

function userDrift(wanted: Definitions["users"][number], { users }: HeldDefinitions): string[] {
  const user = users.find(({ name }) => name === wanted.name);
  if (user === undefined) return [`user ${wanted.name} is not there`];
  if (!user.passwordMatches) return [`user ${wanted.name} has another password`];
  if (!equal([...user.tags].sort(), [...wanted.tags].sort())) return [`user ${wanted.name} has other tags`];
  return [];
}

function itemDrift(kind: keyof typeof keys, wanted: Held, held: readonly Held[]): string[] {
  const found = held.find((item) => keys[kind].every((key) => item[key] === wanted[key]));
  const name = `${kind.replace(/ies$/, "y").replace(/s$/, "")} ${keys[kind].map((key) => wanted[key]).join(" ")}`;
  if (found === undefined) return [`${name} is not there`];
  const other = Object.keys(wanted).filter((field) => !covers(found[field], wanted[field]));
  return other.length === 0 ? [] : [`${name} has another ${other.join(", ")}`];
}

/** Objects may hold more than is wanted (a queue's arguments, as later brokers fill them in). */
function covers(found: unknown, wanted: unknown): boolean {
  if (!isRecord(wanted)) return equal(found, wanted);
  return isRecord(found) && Object.entries(wanted).every(([key, value]) => equal(found[key], value));
}

function equal(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
