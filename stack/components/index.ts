import type { Component } from "./component.ts";
import { postgres } from "./postgres/component.ts";
import { rabbitmq } from "./rabbitmq/component.ts";
import { redis } from "./redis/component.ts";
import { services } from "./services/component.ts";
import { agent } from "./stack-agent/component.ts";
import { system } from "./system/component.ts";

/** Every component there is: a new one is one folder and one line here. */
export const components: readonly Component[] = [system, agent, postgres, redis, rabbitmq, services];
