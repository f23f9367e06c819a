import type { Definition } from "../definition/schema.ts";
import type { DependencyName, PortUse } from "../model.ts";
import type { AnyComponent, PortSpec } from "./component.ts";

/** A port of a component's, and where in stack.yaml it comes from: keys below the component's section. */
export interface PlacedPort {
  readonly port: number;
  readonly spec: PortSpec;
  /** Empty where no setting has it. */
  readonly path: readonly PropertyKey[];
  /** Which member of a list it is, from 1; undefined where the setting is no list. */
  readonly number?: number;
}

/**
 * Where a component listens by its settings, in their order. What is no number is passed over: a
 * section may be looked at before it is known to be right.
 */
export function placedPorts({ ports }: AnyComponent, settings: Readonly<Record<string, unknown>>): PlacedPort[] {
  const keys = [...new Set(ports.map((spec) => ("setting" in spec ? spec.setting : undefined)))];
  return keys.flatMap((key): PlacedPort[] => {
    if (key === undefined) {
      return ports.flatMap((spec) => ("port" in spec ? [{ port: spec.port, spec, path: [] }] : []));
    }
    const value = settings[key];
    const list = Array.isArray(value);
    return (list ? value : [value]).flatMap((port, index) =>
      ports.flatMap((spec): PlacedPort[] => {
        if (!("setting" in spec) || spec.setting !== key || typeof port !== "number") return [];
        if (index >= (spec.first ?? Number.POSITIVE_INFINITY)) return [];
        const place = list ? { path: [key, index], number: index + 1 } : { path: [key] };
        return [{ port: port + (spec.plus ?? 0), spec, ...place }];
      }),
    );
  });
}

/** Where a component listens in this stack. */
export function portsOf(
  component: AnyComponent<DependencyName>,
  { definition }: { readonly definition: Definition },
): PortUse[] {
  return placedPorts(component, definition[component.name] ?? {}).map(({ port, spec }) => {
    const { what, activated, bind = "loopback" } = spec;
    return { port, owner: component.name, what, bind, ...(activated && { activated }) };
  });
}
