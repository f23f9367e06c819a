import type { ClusterLook, EngineMember } from "../../../engine/cluster-part.ts";
import { messageOf } from "../../../lib/error.ts";
import type { ClusterNode, SlotRange } from "./cluster-nodes.ts";
import { infoField } from "./info-field.ts";
import { lookAtMembers, type OpenMember } from "./members/look-at-members.ts";
import { type Seat, seatName, seatsOf } from "./members/seats.ts";

/** How Redis's six nodes stand: each is asked itself; of one that doesn't answer the others tell. */
export async function members({
  model: { redis, cluster },
  signal,
  secret,
}: ClusterLook): Promise<readonly EngineMember[]> {
  if (redis === undefined || cluster === undefined) return [];
  const seats = seatsOf(cluster, redis);
  const { members, failed } = await lookAtMembers(seats, cluster, await secret("redis.auth"), signal);
  try {
    return await Promise.all(
      seats.map(async (seat) => {
        const member = members.find(({ view }) => view.seat === seat);
        return member === undefined ? silent(seat, failed.get(seatName(seat))) : tell(seat, member);
      }),
    );
  } finally {
    for (const { connection } of members) connection.drop();
  }
}

function silent({ machine, port }: Seat, error: unknown): EngineMember {
  return { node: machine, role: "down", status: "fail", message: `port ${port}: ${messageOf(error)}` };
}

async function tell({ machine, port }: Seat, { view, connection }: OpenMember): Promise<EngineMember> {
  const self = view.nodes.find(({ myself }) => myself);
  const info = await connection.client.info("replication");
  if (self?.master === undefined) {
    const slots = self?.slots ?? [];
    const message = `port ${port}: ${slots.length === 0 ? "no slots" : `slots ${slots.map(rangeText).join(", ")}`}`;
    const replicas = Number(infoField(info, "connected_slaves") ?? 0);
    if (slots.length === 0) return { node: machine, role: "master", status: "fail", message };
    if (replicas > 0) return { node: machine, role: "master", status: "pass", message };
    return { node: machine, role: "master", status: "warn", message: `${message}, no replica` };
  }
  const master = view.nodes.find(({ id }) => id === self.master);
  const message = `port ${port}: of ${master === undefined ? self.master : nodeText(master)}`;
  if (infoField(info, "master_link_status") !== "up") {
    return { node: machine, role: "replica", status: "warn", message: `${message}, not connected` };
  }
  const behind = Number(infoField(info, "slave_read_repl_offset")) - Number(infoField(info, "slave_repl_offset"));
  return { node: machine, role: "replica", status: "pass", lag: `${Math.max(0, behind || 0)} bytes`, message };
}

function rangeText([first, last]: SlotRange): string {
  return first === last ? `${first}` : `${first}-${last}`;
}

function nodeText({ address, port }: ClusterNode): string {
  return `${address}:${port}`;
}
