import type { DependencyName } from "../model.ts";
import { bareModel, presentIn } from "../resolve.ts";
import type { Fault } from "./fault.ts";
import type { Definition } from "./schema.ts";

/** Something of the container that a stack names after itself, and the setting that the name comes from. */
export interface Claim extends Omit<Fault, "message"> {
  /** Of an account, unit, database …: its kind and name, `unit network.target`; of a file or folder its path. */
  readonly what: string;
  /** Why nothing may be called so. */
  readonly refused?: string;
}

/** All that a definition's own words name. What is called the same in every stack is not among it. */
export function claims(definition: Definition): Claim[] {
  const stack = bareModel(definition);
  const { name, paths, services } = stack;
  const claim = (path: readonly string[], what: readonly string[], atKey = false): Claim[] =>
    what.map((one) => ({ path, what: one, ...(atKey && { atKey }) }));
  const given = (section: "container" | DependencyName, key: string): readonly string[] =>
    (definition[section] as Readonly<Record<string, unknown>> | undefined)?.[key] === undefined
      ? ["name"]
      : [section, key];
  const ofComponents = presentIn(definition).flatMap(({ name: section, names }) =>
    (names?.(stack) ?? []).map(({ what, setting, service, refused }): Claim => {
      const place =
        service !== undefined
          ? { path: ["services", service], atKey: true }
          : { path: setting === undefined ? ["name"] : given(section, setting) };
      return { ...place, what, ...(refused !== undefined && { refused }) };
    }),
  );
  return [
    ...claim(
      ["name"],
      [`unit ${name}.target`, `user ${name}`, `group ${name}`, paths.config, paths.opt, `${paths.config}/common.env`],
    ),
    ...claim(given("container", "hostname"), [`host ${(definition.container.hostname ?? name).toLowerCase()}`]),
    ...services.flatMap(({ name, unit, socket, user, envFile }) =>
      claim(
        ["services", name],
        [...[unit, socket ?? []].flat().map((one) => `unit ${one}`), `user ${user}`, `group ${user}`, envFile],
        true,
      ),
    ),
    ...ofComponents,
  ];
}

/** The claims on what somebody has already, one fault a setting. @param whose e.g. `Debian` */
export function takenClaims(all: readonly Claim[], taken: ReadonlySet<string>, whose: string): Fault[] {
  const faults = new Map<string, { claim: Claim; what: string[] }>();
  for (const claim of all.filter(({ what }) => taken.has(what))) {
    const key = claim.path.join(".");
    const fault = faults.get(key) ?? { claim, what: [] };
    fault.what.push(claim.what);
    faults.set(key, fault);
  }
  return [...faults.values()].map(({ claim: { what: _, refused: __, ...place }, what }) => ({
    ...place,
    message: `would be ${what.join(", ")}, which ${whose} has already; choose another name`,
  }));
}
