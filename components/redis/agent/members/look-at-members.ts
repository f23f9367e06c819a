import { abortable } from "../../../../lib/abortable.ts";
import type { ClusterModel } from "../../../../stack/components/cluster/model.ts";
import { openMember, type RedisConnection } from "../client.ts";
import { lookAtNode } from "../look-at-node.ts";
import type { MemberView } from "./plan-members.ts";
import { type Seat, seatName } from "./seats.ts";

/** Milliseconds for a node's answer: one on a machine that is gone gives none. */
const PATIENCE = 2_000;

/** A node that has answered, and the connection to it. */
export interface OpenMember {
  readonly view: MemberView;
  readonly connection: RedisConnection;
}

/** Asks every node of every machine what it knows; `failed` says of each that gave no answer why. Who asks drops the connections. */
export async function lookAtMembers(
  seats: readonly Seat[],
  cluster: ClusterModel,
  password: string,
  signal: AbortSignal,
): Promise<{ readonly members: readonly OpenMember[]; readonly failed: ReadonlyMap<string, unknown> }> {
  const failed = new Map<string, unknown>();
  const members = await Promise.all(
    seats.map(async (seat): Promise<OpenMember[]> => {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
      let connection: RedisConnection | undefined;
      try {
        const { address: host, port } = seat;
        connection = await openMember(cluster, { host, port, password }, limited);
        const { drop, client } = connection;
        const { epoch, nodes } = await abortable(lookAtNode(client, port), limited, drop);
        return [{ view: { seat, epoch, nodes }, connection }];
      } catch (error) {
        connection?.drop();
        failed.set(seatName(seat), error);
        return [];
      }
    }),
  );
  if (signal.aborted) for (const { connection } of members.flat()) connection.drop();
  signal.throwIfAborted();
  return { members: members.flat(), failed };
}
