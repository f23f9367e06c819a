import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceModel } from "../../stack/model.ts";

type Watched = Pick<ServiceModel, "name" | "port" | "health">;

/** Milliseconds. */
const INTERVAL = 100;
const LONGEST_LOOK = 2_000;
/** An answer that takes longer was waited for. */
const WAITED = 250;

export interface ServiceWatch {
  /** @returns seconds in which each did not answer well, or let who asked wait; those without any left out */
  end(): Promise<Readonly<Record<string, number>>>;
}

/** Asks each service for its health, ten times a second, as its clients would. */
export function watchServices(services: readonly Watched[]): ServiceWatch {
  const stop = new AbortController();
  const watching = services.map(async (service) => [service.name, await lacking(service, stop.signal)] as const);
  return {
    end: async () => {
      stop.abort();
      const found = (await Promise.all(watching)).filter(([, seconds]) => seconds > 0);
      return Object.fromEntries(found.sort(([, a], [, b]) => b - a));
    },
  };
}

async function lacking(service: Watched, signal: AbortSignal): Promise<number> {
  let milliseconds = 0;
  let since: number | undefined;
  while (!signal.aborted) {
    const began = performance.now();
    const isWell = await answersWell(service, signal);
    const now = performance.now();
    if (signal.aborted && !isWell && since === undefined) break;
    if (!isWell) since ??= began;
    else if (since !== undefined || now - began > WAITED) {
      milliseconds += now - (since ?? began);
      since = undefined;
    }
    await sleep(INTERVAL, undefined, { signal }).catch(() => {});
  }
  if (since !== undefined) milliseconds += performance.now() - since;
  return Math.round(milliseconds / 100) / 10;
}

async function answersWell({ port, health }: Watched, signal: AbortSignal): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}${health}`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(LONGEST_LOOK)]),
    });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}
