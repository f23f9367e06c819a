import type { Notifier } from "./notifier.ts";

/**
 * Pings systemd's watchdog three times in its period, for as long as `alive` says so.
 * The timer shows that the event loop turns; `alive` must show that the work moves.
 *
 * @returns what stops it.
 */
export function keepWatchdog(notifier: Notifier, alive: () => boolean): () => void {
  if (notifier.watchdogMs === undefined) return () => {};
  const ping = (): void => {
    if (alive()) void notifier.watchdog();
  };
  ping();
  const timer = setInterval(ping, notifier.watchdogMs / 3);
  return () => clearInterval(timer);
}
