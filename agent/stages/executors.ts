import { initdb } from "../../components/postgres/agent/initdb.ts";
import { migrate } from "../../components/postgres/agent/migrate.ts";
import { sql } from "../../components/postgres/agent/sql.ts";
import { superuserPassword } from "../../components/postgres/agent/superuser-password.ts";
import { deleteBrokerUser } from "../../components/rabbitmq/agent/delete-broker-user.ts";
import { importDefinitions } from "../../components/rabbitmq/agent/import-definitions.ts";
import { leadQueue } from "../../components/rabbitmq/agent/lead-queue.ts";
import { recoverStreams } from "../../components/rabbitmq/agent/recover-streams.ts";
import { reviveQueue } from "../../components/rabbitmq/agent/revive-queue.ts";
import { redisCluster } from "../../components/redis/agent/redis-cluster.ts";
import type { ActionName, Executors } from "../../engine/action.ts";

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
