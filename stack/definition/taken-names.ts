import { bareModel, presentIn, resolve } from "../resolve.ts";
import { claims, takenClaims } from "./claims.ts";
import type { Fault } from "./fault.ts";
import type { Definition } from "./schema.ts";

/** Names of the definition's that the stack itself has for something else, or that are given twice. */
export function takenNames(definition: Definition): Fault[] {
  const all = claims(definition);
  const taken = namesOfAll(definition);
  const twice = all.filter(({ what }, index) => all.findIndex((other) => other.what === what) < index);
  return [
    ...takenSecrets(definition),
    ...takenClaims(all, taken, "every stack"),
    ...takenClaims(twice, new Set(twice.map(({ what }) => what)), "another setting of this one"),
    ...all.flatMap(({ what, path, refused }) =>
      refused === undefined ? [] : [{ path, message: `would be ${what}; ${refused}` }],
    ),
  ];
}

/** Secrets of the definition's that the stack asks for itself, under the same name. */
function takenSecrets(definition: Definition): Fault[] {
  const asked = bareModel(definition).givenSecrets.map(({ name }) => name);
  return Object.keys(definition.secrets)
    .filter((name) => asked.indexOf(name) !== asked.lastIndexOf(name))
    .map((name) => ({
      path: ["secrets", name],
      message: "is a secret that the stack asks for itself; choose another name",
      atKey: true,
    }));
}

/** What is there whatever the stack's words: looked up in the stack without them. */
function namesOfAll(definition: Definition): ReadonlySet<string> {
  const stack = resolve({ ...definition, name: "-", services: {}, jobs: {} });
  const { files, units, users, packagedAccounts, paths } = stack;
  const accounts = [
    ...files.flatMap(({ owner }) => owner.split(":")),
    ...[...users, ...packagedAccounts].map(({ name }) => name),
  ];
  return new Set([
    "host localhost",
    ...units.map(({ unit }) => `unit ${unit}`),
    ...files.flatMap(({ path }) => [`unit ${path.replace(/^.*\//, "")}`, ...withParents(path)]),
    ...Object.values(paths).flatMap(withParents),
    ...accounts.flatMap((name) => [`user ${name}`, `group ${name}`]),
    ...presentIn(definition).flatMap(({ ownNames }) => ownNames?.(stack) ?? []),
  ]);
}

function withParents(path: string): string[] {
  const parts = path.split("/").slice(1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
}
