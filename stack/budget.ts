import { StackError } from "../lib/error.ts";
import { formatMiB } from "./definition/size.ts";
import { isTooLittle, leastMemoryMiB } from "./least-memory.ts";
import type { Model } from "./model.ts";

/** What a component asks of the memory, by the setting that limits it. */
export type MemoryClaim = { readonly setting: string } & (ShareClaim | WantedClaim);

/** A part of the machine's memory, whatever the others ask. */
export interface ShareClaim {
  /** 0 to 1. */
  readonly share: number;
  /** MiB. */
  readonly least?: number;
  readonly most?: number;
  /** Of all, what the others leave to it whatever its share is; default none. */
  readonly setAside?: number;
}

/** As much as wanted, where what the others leave is enough for the worst moment. */
export interface WantedClaim {
  /** MiB a process. */
  readonly wanted: number;
  readonly processes: number;
  /** What all of them may take together at their worst, as a multiple of what one is given. */
  readonly worst: number;
}

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
  /** By the component's name, of those that the stack has. */
  readonly miB: Readonly<Record<string, number>>;
  /** What got less than the definition declares, and why; one sentence each. */
  readonly cuts: readonly string[];
  /** The same for a person: those of the components that the stack has. */
  readonly shares: readonly MemoryShare[];
}

/**
 * Shares out memory so that the worst moment fits: a Redis node's fork copies as much
 * again while it saves (measured: with the declared figures the OOM killer comes).
 *
 * @param memoryMiB least of MemTotal and the cgroup limits
 * @throws StackError `too-little-memory` below 2048 MiB
 */
export function budget({ memory }: Pick<Model, "memory">, memoryMiB: number): Budget {
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
  // For the system, the services, the agent, and what servers take beside the setting that limits them.
  const reserve = Math.min(2944, 0.36 * total);
  const setAside = memory.reduce((sum, claim) => sum + ("share" in claim ? (claim.setAside ?? 0) : 0), 0);
  const rest = (1 - setAside) * total - reserve;
  const worstOfAll = memory.reduce((sum, claim) => sum + ("wanted" in claim ? worstOf(claim) : 0), 0);
  const shares = memory.map(({ component, setting, ...claim }): MemoryShare => {
    if ("share" in claim) return { component, setting, miB: shareOf(claim, total) };
    const { wanted, processes, worst } = claim;
    const miB = Math.min(wanted, Math.round((rest * (worstOf(claim) / worstOfAll)) / worst));
    return { component, setting, miB, processes, ...(miB < wanted ? { declaredMiB: wanted } : {}) };
  });
  return {
    totalMiB: total,
    miB: Object.fromEntries(shares.map(({ component, miB }) => [component, miB])),
    cuts: shares.flatMap(({ component, setting, miB, declaredMiB }) =>
      declaredMiB === undefined
        ? []
        : [
            `${component} ${setting} ${miB} MiB of ${formatMiB(declaredMiB)} declared: container has ${formatMiB(total)}`,
          ],
    ),
    shares,
  };
}

function shareOf({ share, least = 0, most = Number.POSITIVE_INFINITY }: ShareClaim, total: number): number {
  return Math.floor(Math.max(least, Math.min(most, total * share)));
}

function worstOf({ wanted, worst }: WantedClaim): number {
  return wanted * worst;
}
