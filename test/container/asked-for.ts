import type { Machine } from "./create-machine.ts";

export interface Asking {
  readonly looked: number;
  /** `UNIT: DIRECTIVE=VALUE` of those that a unit has on. */
  readonly on: readonly string[];
}

/**
 * Which of some directives any service there is asks for, as systemd would start it: unit file,
 * drop-ins and masks taken together, packaged and D-Bus-activated ones included.
 *
 * @param off what each of the directives reads when it is off
 */
export async function askedFor(machine: Machine, off: Readonly<Record<string, string>>): Promise<Asking> {
  const list = "systemctl list-unit-files --type=service --plain --no-legend --no-pager | cut -d' ' -f1";
  // A template is looked at by an instance of it.
  const units = (await machine.sh(list)).split("\n").map((unit) => unit.replace(/@\.service$/, "@probe.service"));
  const properties = ["Id", "LoadState", ...Object.keys(off)];
  const shown = await machine.exec("systemctl", ["show", "--no-pager", `--property=${properties.join()}`, ...units]);
  const on = shown.stdout.split("\n\n").flatMap((block) => {
    const found = Object.fromEntries(
      block
        .trim()
        .split("\n")
        .map((line) => [line.replace(/=.*/, ""), line.replace(/^[^=]*=/, "")]),
    );
    if (found.LoadState === "masked") return [];
    return Object.entries(off)
      .filter(([name, value]) => found[name] !== undefined && found[name] !== value)
      .map(([name]) => `${found.Id}: ${name}=${found[name]}`);
  });
  return { looked: units.length, on };
}
