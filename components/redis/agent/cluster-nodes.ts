/** Slots of a Redis Cluster: 0 to 16383. */
export const slotCount = 16_384;

/** First and last slot of a range, both in it. */
export type SlotRange = readonly [number, number];

/** One line of CLUSTER NODES. */
export interface ClusterNode {
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly myself: boolean;
  /** It has not answered a MEET yet; its id is made up until it does. */
  readonly handshake: boolean;
  readonly noaddr: boolean;
  /** The others take it for lost, too. */
  readonly lost: boolean;
  /** It is lost, or doesn't answer this one. */
  readonly failing: boolean;
  /** Id of its master; undefined where it is one itself. */
  readonly master?: string;
  readonly slots: readonly SlotRange[];
}

/**
 * Reads what CLUSTER NODES answers: `ID IP:PORT@BUS[,HOST] FLAGS MASTER PING PONG EPOCH LINK SLOT…`.
 * Slots in migration, `[…]`, stay their owner's. https://redis.io/docs/latest/commands/cluster-nodes/
 */
export function parseClusterNodes(text: string): ClusterNode[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [id = "", where = "", flags = "", master = "-", , , , , ...slots] = line.trim().split(" ");
      const flag = new Set(flags.split(","));
      const [, address = "", port = 0] = /^(.*):(\d+)(?:@|$|,)/.exec(where) ?? [];
      return {
        ...{ id, address, port: Number(port) },
        myself: flag.has("myself"),
        handshake: flag.has("handshake"),
        noaddr: flag.has("noaddr"),
        lost: flag.has("fail"),
        failing: flag.has("fail") || flag.has("fail?"),
        ...(master !== "-" && { master }),
        slots: slots.filter((slot) => !slot.startsWith("[")).map(parseRange),
      };
    });
}

function parseRange(text: string): SlotRange {
  const [first = "0", last = first] = text.split("-");
  return [Number(first), Number(last)];
}

/** Which slots each of `count` masters gets, in order: contiguous, all 16384, sizes differing by at most one. */
export function slotShares(count: number): SlotRange[] {
  return Array.from({ length: count }, (_, index) => [
    Math.round((index * slotCount) / count),
    Math.round(((index + 1) * slotCount) / count) - 1,
  ]);
}

/** The slots of `range` that are in none of the others, as ranges. */
export function subtractSlots(range: SlotRange, taken: readonly SlotRange[]): SlotRange[] {
  const sorted = [...taken].sort((a, b) => a[0] - b[0]);
  const left: SlotRange[] = [];
  let next = range[0];
  for (const [first, last] of sorted) {
    if (last < next) continue;
    if (first > range[1]) break;
    if (first > next) left.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= range[1]) left.push([next, range[1]]);
  return left;
}
