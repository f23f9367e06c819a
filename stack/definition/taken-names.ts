import { resolve } from "../resolve.ts";
import { type Claim, claims, takenClaims } from "./claims.ts";
import type { Fault } from "./parse.ts";
import type { Definition } from "./schema.ts";

/** Names that every machine and server has, whatever the stack. (PostgreSQL's initdb; RabbitMQ's access control.) */
const builtIn = [
  "host localhost",
  "database postgres",
  "database template0",
  "database template1",
  "role postgres",
  "RabbitMQ user guest",
];

/** Names of the definition's that the stack itself has for something else, or that are given twice. */
export function takenNames(definition: Definition): Fault[] {
  const all = claims(definition);
  const taken = namesOfAll(definition);
  const twice = all.filter(({ what }, index) => all.findIndex((other) => other.what === what) < index);
  return [
    ...takenClaims(all, taken, "every stack"),
    ...takenClaims(twice, new Set(twice.map(({ what }) => what)), "another setting of this one"),
    ...all.filter(({ what }) => what.startsWith("role pg_")).map(reserved),
  ];
}

/** https://www.postgresql.org/docs/15/sql-createrole.html */
function reserved({ what, path }: Claim): Fault {
  return { path, message: `would be ${what}; PostgreSQL keeps names that begin with pg_ for itself` };
}

/** What is there whatever the stack's words: looked up in the stack without them. */
function namesOfAll(definition: Definition): ReadonlySet<string> {
  const { files, units, users, paths, postgres, rabbitmq } = resolve({ ...definition, name: "-", services: {} });
  const accounts = [...files.flatMap(({ owner }) => owner.split(":")), ...users.map(({ name }) => name)];
  return new Set([
    ...builtIn,
    ...units.map(({ unit }) => `unit ${unit}`),
    ...files.flatMap(({ path }) => [`unit ${path.replace(/^.*\//, "")}`, ...withParents(path)]),
    ...Object.values(paths).flatMap(withParents),
    ...accounts.flatMap((name) => [`user ${name}`, `group ${name}`]),
    ...(postgres === undefined ? [] : [`role ${postgres.owner}`, `role ${postgres.agentUser}`]),
    ...(rabbitmq === undefined
      ? []
      : [
          ...[rabbitmq.agentUser, rabbitmq.adminUser].map((name) => `RabbitMQ user ${name}`),
          `exchange ${rabbitmq.checkQueue}`,
          `queue ${rabbitmq.checkQueue}`,
        ]),
  ]);
}

function withParents(path: string): string[] {
  const parts = path.split("/").slice(1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
}
