import type { Found } from "../../../../engine/finding.ts";
import { type Listener, readListeners } from "../../../../lib/listeners.ts";
import type { Model } from "../../../../stack/model.ts";

/** Whether each port of the stack is listened on, by the stack, and only as widely as it is to be. */
export async function portsFinding(model: Pick<Model, "ports" | "units">): Promise<Found> {
  return judgePorts(model, await readListeners(model.ports.map(({ port }) => port)));
}

export function judgePorts({ ports, units }: Pick<Model, "ports" | "units">, listeners: readonly Listener[]): Found {
  const ours = new Set([...units.map(({ unit }) => unit), "init.scope"]);
  const troubles = ports.flatMap(
    ({ port, owner, what, bind }): { readonly message: string; readonly hint: string }[] => {
      const found = listeners.filter((one) => one.port === port);
      const stranger = found.find(({ unit }) => unit === undefined || !ours.has(unit));
      const look = `ss -Hltnp 'sport = :${port}'`;
      if (found.length === 0) {
        return [
          {
            message: `nobody listens on ${port} (${what})`,
            hint: `stack-agent logs -n 50 ${owner}; stack-agent provision`,
          },
        ];
      }
      if (stranger !== undefined) {
        const { program = "another program", unit, pid } = stranger;
        const stop = unit === undefined ? `kill ${pid}` : `systemctl stop ${unit}`;
        return [
          {
            message: `${port} (${what}) is taken by ${unit ?? program}`,
            hint: `${look}; ${stop}; stack-agent provision`,
          },
        ];
      }
      if (bind === "loopback" && found.some(({ elsewhere, everywhere }) => elsewhere || everywhere)) {
        return [
          { message: `${port} (${what}) can be reached from outside`, hint: `${look}; stack-agent provision --diff` },
        ];
      }
      return [];
    },
  );
  const [first] = troubles;
  if (first === undefined) return { status: "pass", message: `all ${ports.length} are the stack's own` };
  return { status: "warn", message: troubles.map(({ message }) => message).join("; "), hint: first.hint };
}
