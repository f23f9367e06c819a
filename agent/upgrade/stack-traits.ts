import type { Model } from "../../stack/model.ts";

/** What an upgrade must not change of a stack: where its data is. And what else is compared. */
export interface StackTraits {
  readonly name: string;
  readonly debian: string;
  readonly components: readonly string[];
  readonly services: readonly string[];
  /** Places of data, by what they are of. */
  readonly data: Readonly<Record<string, string>>;
}

export function stackTraits({ name, debian, components, services, data, ...model }: Model): StackTraits {
  const folders = data.map(({ component, holds }) => [`${component}'s data`, holds.join(" ")]);
  return {
    name,
    debian: debian.version,
    components: components.map((one) => one.name),
    services: services.map((one) => one.name),
    data: {
      ...Object.fromEntries(folders),
      // Of which of somebody else's it may be another: a cluster grows, and moves.
      ...Object.fromEntries(components.map((one) => [`${one.name}'s servers`, one.external ? "elsewhere" : "here"])),
      ...(model.postgres && { "postgres.database": model.postgres.database }),
      ...(model.rabbitmq && { "rabbitmq.vhost": model.rabbitmq.vhost }),
    },
  };
}
