import { StackError } from "../lib/error.ts";
import { formatMiB } from "./definition/size.ts";
import { isTooLittle, leastMemoryMiB } from "./least-memory.ts";
import type { Model } from "./model.ts";

/** What one component may take, by the setting that limits it. MiB. */
export interface MemoryShare {
  readonly component: string;
  readonly setting: string;
  readonly miB: number;
  /** Processes that may take as much each; default one. */
  readonly processes?: number;
  /** What the definition asks for, where it is given less. */
  readonly declaredMiB?: number;
}

/** Each component's share of the memory a machine really has. All MiB. */
export interface Budget {
  readonly totalMiB: number;
  readonly sharedBuffersMiB: number;
  readonly redisMaxmemoryMiB: number;
  readonly rabbitmqWatermarkMiB: number;
  /** What got less than the definition declares, and why; one sentence each. */
  readonly cuts: readonly string[];
  /** The same for a person: those of the components that the stack has. */
  readonly shares: readonly MemoryShare[];
}

/**
 * Shares out memory so that the worst moment fits: a Redis node's fork copies as much
 * again while it saves (REQUIREMENTS.md, measured: with the declared figures the OOM
 * killer comes).
 *
 * @param memoryMiB least of MemTotal and the cgroup limits
 * @throws StackError `too-little-memory` below 2048 MiB
 */
export function budget(
  model: Pick<Model, "postgres" | "redis" | "rabbitmq" | "definition">,
  memoryMiB: number,
): Budget {
  const total = Math.floor(memoryMiB);
  if (isTooLittle(total)) {
    throw new StackError(
      "too-little-memory",
      `this machine has ${total} MiB of memory; the stack needs ${leastMemoryMiB} MiB`,
      {
        hint: "give the container more, e.g. on the Proxmox node: pct set VMID --memory 8192",
      },
    );
  }
  const cuts: string[] = [];
  const reserve = Math.min(2944, 0.36 * total);
  const declared = model.redis?.maxmemory ?? 0;
  const share = Math.round(
    (0.75 * total - reserve) / (redisShareAtThreeNodes * ((model.redis?.ports.length ?? 3) / 3)),
  );
  const redis = Math.min(declared, share);
  if (redis < declared) {
    cuts.push(`redis maxmemory ${redis} MiB of ${formatMiB(declared)} declared: container has ${formatMiB(total)}`);
  }
  const sharedBuffersMiB = Math.floor(total * (model.postgres?.sharedBuffers ?? 0.25));
  // An idle broker uses 100 to 130 MiB: a lower watermark holds back every publisher (measured at 2 GiB).
  const rabbitmqWatermarkMiB = Math.floor(Math.max(256, Math.min(512, total / 16)));
  const shares: MemoryShare[] = [];
  if (model.postgres !== undefined) {
    shares.push({ component: "postgres", setting: "shared_buffers", miB: sharedBuffersMiB });
  }
  if (model.redis !== undefined) {
    shares.push({
      component: "redis",
      setting: "maxmemory",
      miB: redis,
      processes: model.redis.ports.length,
      ...(redis < declared ? { declaredMiB: declared } : {}),
    });
  }
  if (model.rabbitmq !== undefined) {
    shares.push({ component: "rabbitmq", setting: "vm_memory_high_watermark", miB: rabbitmqWatermarkMiB });
  }
  return { totalMiB: total, sharedBuffersMiB, redisMaxmemoryMiB: redis, rabbitmqWatermarkMiB, cuts, shares };
}

/** Three nodes, each of which may double while it saves, all at once, plus fragmentation. */
const redisShareAtThreeNodes = 6.6;
