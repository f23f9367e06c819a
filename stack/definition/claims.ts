import { bareModel } from "../resolve.ts";
import type { Fault } from "./parse.ts";
import type { Definition } from "./schema.ts";

/** Something of the container that a stack names after itself, and the setting that the name comes from. */
export interface Claim extends Omit<Fault, "message"> {
  /** Of an account, unit, database …: its kind and name, `unit network.target`; of a file or folder its path. */
  readonly what: string;
}

/** All that a definition's own words name. What is called the same in every stack is not among it. */
export function claims(definition: Definition): Claim[] {
  const { name, paths, services, postgres, rabbitmq } = bareModel(definition);
  const claim = (path: readonly string[], what: readonly string[], atKey = false): Claim[] =>
    what.map((one) => ({ path, what: one, ...(atKey && { atKey }) }));
  const given = (section: "container" | "postgres" | "rabbitmq", key: string): readonly string[] =>
    (definition[section] as Readonly<Record<string, unknown>> | undefined)?.[key] === undefined
      ? ["name"]
      : [section, key];
  return [
    ...claim(
      ["name"],
      [`unit ${name}.target`, `user ${name}`, `group ${name}`, paths.config, paths.opt, `${paths.config}/common.env`],
    ),
    ...claim(given("container", "hostname"), [`host ${(definition.container.hostname ?? name).toLowerCase()}`]),
    ...(postgres === undefined
      ? []
      : [
          ...claim(given("postgres", "database"), [`database ${postgres.database}`]),
          ...claim(given("postgres", "user"), [`role ${postgres.user}`]),
        ]),
    ...(rabbitmq === undefined
      ? []
      : [
          ...claim(given("rabbitmq", "user"), [`RabbitMQ user ${rabbitmq.user}`]),
          ...claim(given("rabbitmq", "exchange"), [`exchange ${rabbitmq.exchange}`]),
          ...claim(given("rabbitmq", "deadLetterExchange"), [`exchange ${rabbitmq.deadLetterExchange}`]),
          ...claim(["name"], [`queue ${rabbitmq.deadLetterQueue}`]),
        ]),
    ...services.flatMap(({ name, unit, user, envFile, queue }) =>
      claim(
        ["services", name],
        [
          `unit ${unit}`,
          `user ${user}`,
          `group ${user}`,
          envFile,
          ...(queue === undefined ? [] : [`queue ${queue.name}`]),
        ],
        true,
      ),
    ),
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
  return [...faults.values()].map(({ claim: { what: _, ...place }, what }) => ({
    ...place,
    message: `would be ${what.join(", ")}, which ${whose} has already; choose another name`,
  }));
}
