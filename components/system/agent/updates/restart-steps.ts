import type { UpdatesDocument } from "../../../../stack/documents/updates.ts";
import type { Model } from "../../../../stack/model.ts";

/** How what runs a replaced file gets the new one. */
export interface RestartStep {
  readonly unit: string;
  readonly command: readonly [string, ...string[]];
  /** `nobody`: nobody notices; `stack`: a server of the stack is away for some seconds; `machine`: by hand, at a moment that suits. */
  readonly felt: "nobody" | "stack" | "machine";
}

/** Units of Debian's that are restarted without anybody's notice; sessions and what was logged stay. */
const unnoticed = /^(ssh|cron|systemd-(journald|logind|udevd|networkd|resolved|timesyncd))\.service$/;

/** In the order in which they are to be done: servers before the services that need them, the agent last. */
export function restartSteps({ restart }: Pick<UpdatesDocument, "restart">, model: Pick<Model, "units" | "services">) {
  const held = new Set(model.services.flatMap(({ unit, socket }) => (socket === undefined ? [] : [unit])));
  const order = model.units.map(({ unit }) => unit);
  const rank = ({ unit }: RestartStep): number => {
    if (unit === agentUnit) return order.length + 1;
    return held.has(unit) ? order.length : order.indexOf(unit);
  };
  return restart.map(({ unit }): RestartStep => stepOf(unit, held, order)).sort((a, b) => rank(a) - rank(b));
}

const agentUnit = "stack-agent.service";

function stepOf(unit: string, held: ReadonlySet<string>, units: readonly string[]): RestartStep {
  if (unit === "init.scope") return { unit, command: ["systemctl", "daemon-reexec"], felt: "nobody" };
  const command = ["systemctl", "restart", unit] as const;
  // Its port is systemd's: who comes meanwhile waits, and is not refused.
  if (held.has(unit) || unit === agentUnit || unnoticed.test(unit)) return { unit, command, felt: "nobody" };
  if (units.includes(unit)) return { unit, command, felt: "stack" };
  if (unit.startsWith("session-"))
    return { unit, command: ["loginctl", "terminate-session", session(unit)], felt: "machine" };
  return { unit, command: ["systemctl", "reboot"], felt: "machine" };
}

function session(unit: string): string {
  return unit.replace(/^session-|\.scope$/g, "");
}
