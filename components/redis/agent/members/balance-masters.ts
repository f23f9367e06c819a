import { ownNode } from "../../../../engine/facts/own-node.ts";
import type { Job } from "../../../../engine/job.ts";
import { abortable } from "../../../../lib/abortable.ts";
import { isErrno } from "../../../../lib/error.ts";
import type { RedisModel } from "../../../../stack/components/redis/model.ts";
import { openMember, type RedisConnection, redisCode } from "../client.ts";
import { parseClusterNodes } from "../cluster-nodes.ts";
import { infoField } from "../info-field.ts";
import { type OwnMember, planTakeover } from "./plan-takeover.ts";
import { type Seat, seatsOf } from "./seats.ts";

/** Milliseconds from one look to the next: until masters are apart again, another machine's loss stops the cluster. */
const LOOK = 5_000;

/** Milliseconds for the nodes' answers. */
const PATIENCE = 5_000;

/** Looks in a row that must say the same: a machine that has just come back is let settle. */
const TWICE = 2;

/**
 * Has a replica of this machine become a master where the machine has none and another has two, once all six nodes are
 * there and in step. Its master hands over and loses nothing (redis.io/docs, CLUSTER FAILOVER); writes to the shard wait
 * for some milliseconds. Only the machine that lacks a master does it: no two can at once.
 */
export function balanceMasters(redis: RedisModel, place = ownNode): Pick<Job, "run" | "again"> {
  let wished: Seat | undefined;
  let times = 0;
  const run: Job["run"] = async (context, signal) => {
    const { cluster } = redis;
    const password = await context.secret("redis.auth");
    if (cluster === undefined || password === undefined) return;
    const limited = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
    const open: RedisConnection[] = [];
    try {
      const seats = seatsOf(cluster, redis);
      const { index } = place(cluster);
      const own = await Promise.all(
        seats
          .filter((seat) => seat.index === index)
          .map(async (seat) => {
            const { address: host, port } = seat;
            const connection = await openMember(cluster, { host, port, password }, limited);
            open.push(connection);
            return { seat, connection, member: await look(seat, connection, limited) };
          }),
      );
      const found = planTakeover(
        own.map(({ member }) => member),
        seats,
      );
      times = found === undefined || found.port !== wished?.port ? 0 : times;
      wished = found;
      times += 1;
      if (found === undefined || times < TWICE) return;
      times = 0;
      await own.find(({ seat }) => seat === found)?.connection.client.call("CLUSTER", "FAILOVER");
    } catch (error) {
      times = 0;
      // A node that is down or just starting: health tells of it, and there is a next look.
      const isAway = limited.aborted || isErrno(error, "ECONNREFUSED", "ECONNRESET") || redisCode(error) !== undefined;
      if (signal.aborted || !isAway) throw error;
    } finally {
      for (const connection of open) connection.drop();
    }
  };
  return { run, again: async () => LOOK };
}

async function look(seat: Seat, { client, drop }: RedisConnection, signal: AbortSignal): Promise<OwnMember> {
  const [nodes, info] = await abortable(
    Promise.all([client.cluster("NODES"), client.info("replication")]),
    signal,
    drop,
  );
  const isReplica = infoField(info, "role") === "slave";
  const inSync = infoField(info, "master_link_status") === "up" && infoField(info, "master_sync_in_progress") === "0";
  return { seat, nodes: parseClusterNodes(String(nodes)), inSync: !isReplica || inSync };
}
