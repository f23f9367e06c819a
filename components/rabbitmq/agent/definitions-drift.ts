import { secretMark } from "../../../engine/secrets/sealed.ts";
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

/** One thing that is missing or otherwise than wanted. */
export interface Difference {
  readonly why: string;
  /** `- …` what is there, `+ …` what will be; a password by its secret's name. */
  readonly diff: readonly string[];
}

/** What is missing or otherwise than wanted. What the broker holds beside that is its users' own and is left alone. */
export function definitionsDrift(wanted: Definitions, held: HeldDefinitions): Difference[] {
  const kinds = Object.keys(keys) as (keyof typeof keys)[];
  return [
    ...wanted.users.flatMap((user) => userDrift(user, held)),
    ...kinds.flatMap((kind) => {
      const items: readonly object[] = wanted[kind];
      return items.flatMap((item) => itemDrift(kind, { ...item }, held[kind]));
    }),
  ];
}

function userDrift(wanted: Definitions["users"][number], { users }: HeldDefinitions): Difference[] {
  const user = users.find(({ name }) => name === wanted.name);
  const why = userFault(wanted, user);
  if (why === undefined) return [];
  const line = (tags: readonly string[], password: string): string =>
    `user ${wanted.name} ${JSON.stringify({ tags, password })}`;
  const password = secretMark(wanted.secret);
  return [
    {
      why: `user ${wanted.name} ${why}`,
      diff: [
        ...(user === undefined ? [] : [`- ${line(user.tags, user.passwordMatches ? password : "another")}`]),
        `+ ${line(wanted.tags, password)}`,
      ],
    },
  ];
}

function userFault(wanted: Definitions["users"][number], user: HeldUser | undefined): string | undefined {
  if (user === undefined) return "is not there";
  if (!user.passwordMatches) return "has another password";
  return equal([...user.tags].sort(), [...wanted.tags].sort()) ? undefined : "has other tags";
}

function itemDrift(kind: keyof typeof keys, wanted: Held, held: readonly Held[]): Difference[] {
  const found = held.find((item) => keys[kind].every((key) => item[key] === wanted[key]));
  const name = `${kind.replace(/ies$/, "y").replace(/s$/, "")} ${keys[kind].map((key) => wanted[key]).join(" ")}`;
  const other = Object.keys(wanted).filter((field) => found === undefined || !covers(found[field], wanted[field]));
  if (other.length === 0) return [];
  const line = (item: Held, fields: readonly string[]): string =>
    `${name} ${JSON.stringify(Object.fromEntries(fields.map((field) => [field, item[field]])))}`;
  if (found === undefined) {
    const rest = Object.keys(wanted).filter((field) => !(keys[kind] as readonly string[]).includes(field));
    return [{ why: `${name} is not there`, diff: [`+ ${rest.length === 0 ? name : line(wanted, rest)}`] }];
  }
  return [
    {
      why: `${name} has another ${other.join(", ")}`,
      diff: [`- ${line(found, other)}`, `+ ${line(wanted, other)}`],
    },
  ];
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
