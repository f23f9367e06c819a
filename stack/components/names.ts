/**
 * Every component that a stack may have, in the order in which they are shown. Apart from the
 * declarations: the agent's command line, which starts often, needs no more than their names.
 */
export const dependencyNames = ["postgres", "redis", "rabbitmq", "memcached"] as const;
export type DependencyName = (typeof dependencyNames)[number];
