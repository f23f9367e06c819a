import type { Executors } from "../../../../engine/action.ts";
import { waitFor } from "../../../../lib/wait.ts";
import { withinDeadline } from "../../../../lib/within-deadline.ts";
import { busOffset } from "../../../../stack/components/redis/model.ts";
import { lookAtMembers, type OpenMember } from "./look-at-members.ts";
import { isFormed, isWhole, type MemberSteps, planMembers } from "./plan-members.ts";
import { type Seat, seatName } from "./seats.ts";

/** Milliseconds until all nodes must know each other, and their roles. */
const FORM_TIMEOUT = 60_000;

/** Where one of them stands still and answers nothing at all. */
const deadline = {
  who: "Redis",
  timeout: 90_000,
  hint: "systemctl status 'redis-server@*'; journalctl -b -u 'redis-server@*'",
};

/**
 * Makes one cluster of all machines' nodes, or mends it: looks, does what is missing, looks again. Stopped in the middle
 * it is carried on with. Done on two machines at once it is done once. No node is ever reset.
 */
export const redisMembers: Executors["redisMembers"] = {
  lock: "redis",
  describe: ({ seats }) => `of the nodes on ${[...new Set(seats.map(({ address }) => address))].join(", ")}`,
  async apply({ seats, cluster, index }, io) {
    const password = await io.secret("redis.auth");
    const met = new Set<string>();
    const look = async (signal: AbortSignal): Promise<boolean> => {
      const { members } = await lookAtMembers(seats, cluster, password, signal);
      try {
        const views = members.map(({ view }) => view);
        const steps = planMembers(views, seats, index);
        if (isWhole(steps) && isFormed(views)) return true;
        await take(steps, members, met);
        return false;
      } finally {
        for (const { connection } of members) connection.drop();
      }
    };
    const what = "the nodes of all machines to form one Redis Cluster";
    await withinDeadline(deadline, io.signal, (signal) =>
      waitFor(() => look(signal), { what, timeout: FORM_TIMEOUT, interval: 200, signal }),
    );
  },
};

/** Slots and epochs before meeting: nodes that know each other argue about both. */
async function take(steps: MemberSteps, members: readonly OpenMember[], met: Set<string>): Promise<void> {
  const call = async (seat: Seat, ...args: readonly (string | number)[]): Promise<void> => {
    const member = members.find(({ view }) => view.seat === seat);
    await member?.connection.client.call("CLUSTER", ...args.map(String));
  };
  for (const { seat, id } of steps.forget) await call(seat, "FORGET", id).catch(unlessUnknown);
  for (const { seat, epoch } of steps.epochs) await call(seat, "SET-CONFIG-EPOCH", epoch);
  for (const { seat, ranges } of steps.slots) await call(seat, "ADDSLOTSRANGE", ...ranges.flat());
  for (const { seat, other } of steps.meet) {
    const once = `${seatName(seat)} ${seatName(other)}`;
    // Once is enough; a second MEET while the first is answered only makes a second handshake.
    if (met.has(once)) continue;
    met.add(once);
    await call(seat, "MEET", other.address, other.port, other.port + busOffset);
  }
  for (const { seat, master } of steps.replicate) await call(seat, "REPLICATE", master).catch(unlessUnknown);
}

/** Another machine has been quicker, or gossip has not come so far: the next look says. */
function unlessUnknown(error: unknown): void {
  if (!(error instanceof Error && /^ERR Unknown node|can't forget my master/i.test(error.message))) throw error;
}
