import type { ActionName, Executors } from "../../engine/action.ts";
import { initdb } from "./postgres/initdb.ts";
import { migrate } from "./postgres/migrate.ts";
import { sql } from "./postgres/sql.ts";
import { superuserPassword } from "./postgres/superuser-password.ts";
import { deleteBrokerUser } from "./rabbitmq/delete-broker-user.ts";
import { importDefinitions } from "./rabbitmq/import-definitions.ts";
import { leadQueue } from "./rabbitmq/lead-queue.ts";
import { recoverStreams } from "./rabbitmq/recover-streams.ts";
import { reviveQueue } from "./rabbitmq/revive-queue.ts";
import { redisCluster } from "./redis/redis-cluster.ts";

/** Executors of actions that one server only knows. */
export const dataExecutors = {
  initdb,
  superuserPassword,
  sql,
  migrate,
  redisCluster,
  importDefinitions,
  deleteBrokerUser,
  leadQueue,
  reviveQueue,
  recoverStreams,
} satisfies Partial<Pick<Executors, ActionName>>;
