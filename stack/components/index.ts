import type { CheckName } from "./check-spec.ts";
import type { AnyComponent } from "./component.ts";
import { memcached } from "./memcached/component.ts";
import type { DependencyName, dependencyNames } from "./names.ts";
import { postgres } from "./postgres/component.ts";
import { rabbitmq } from "./rabbitmq/component.ts";
import { redis } from "./redis/component.ts";

type DeclarationsOf<Names extends readonly string[]> = { readonly [Index in keyof Names]: AnyComponent<Names[Index]> };

const declared = [postgres, redis, rabbitmq, memcached] as const;

/** The declarations of all components: a new one is a folder, its name in names.ts, and a line here. */
export const dependencies: typeof declared = declared satisfies DeclarationsOf<typeof dependencyNames>;

export type Dependency = (typeof declared)[number];

/** Names of a component's health checks. */
export type ComponentCheck<Name extends DependencyName> = keyof Extract<Dependency, { name: Name }>["checks"] &
  CheckName;
