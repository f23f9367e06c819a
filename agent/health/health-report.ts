import type { HealthDocument } from "../../stack/documents/health.ts";
import {
  healthGroupOf,
  machineComponents,
  ownComponents,
  provisionComponent,
  startingComponent,
} from "../../stack/health-groups.ts";
import {
  type ComponentState,
  checkState,
  componentStates,
  runningStages,
  type Snapshot,
  withLastWord,
  worst,
} from "./component-states.ts";

/** What a health document speaks of: everything, what readiness needs, or one component or group by its name. */
export type Scope = "all" | "ready" | { readonly name: string };

/**
 * The health document of a moment.
 *
 * @param detail with messages: only for those who showed the token
 * @returns undefined for a component or group that is not there
 */
export function healthReport(snapshot: Snapshot, scope: Scope, detail: boolean): HealthDocument | undefined {
  const components = inScope(componentStates(snapshot), scope).map((state) =>
    scope === "ready" && isUnfinished(state) ? { ...state, status: "fail" as const } : state,
  );
  if (typeof scope === "object" && components.length === 0) return undefined;
  const names = new Set(components.map((state) => state.name));
  const stage = snapshot.progress?.state === "running" ? runningStages(snapshot.progress).join(", ") : "";
  return {
    ...bareDocument(snapshot.stack.name),
    status: worst(components.map((state) => state.status)),
    ...(stage === "" ? {} : { stage }),
    checks: {
      ...ownChecks(
        components.filter((state) => ownComponents.includes(state.name)),
        snapshot,
        detail,
      ),
      ...Object.fromEntries(
        snapshot.results
          .filter((result) => names.has(result.component))
          .map((result) => {
            const state = withLastWord(checkState(result, snapshot.now), snapshot.drift);
            const { observedValue } = result.outcome;
            return [
              result.check,
              [
                {
                  componentId: state.name,
                  componentType: snapshot.kinds.get(state.name) ?? "component",
                  status: state.status,
                  observedValue: observedValue ?? state.latencyMs,
                  observedUnit: observedValue === undefined ? "ms" : (result.observes?.unit ?? ""),
                  time: result.time,
                  ...output(state, detail),
                },
              ],
            ];
          }),
      ),
    },
    components: components.map(({ name, status, code, latencyMs, ageMs }) => {
      const group = healthGroupOf(name);
      return { name, ...(group === undefined ? {} : { group }), status, code, latencyMs, ageMs };
    }),
  };
}

/** The document of a process that answers, and says nothing about anything else. */
export function liveDocument(stack: string): HealthDocument {
  return bareDocument(stack);
}

function bareDocument(stack: string): HealthDocument {
  return {
    schemaVersion: 1,
    status: "pass",
    serviceId: "stack-agent",
    description: `health of the ${stack} stack`,
    checks: {},
    components: [],
  };
}

/** What the agent knows without a check: how provisioning and its own jobs went. */
function ownChecks(states: readonly ComponentState[], snapshot: Snapshot, detail: boolean): HealthDocument["checks"] {
  return Object.fromEntries(
    states.map((state) => [
      `${state.name}:state`,
      [
        {
          componentId: state.name,
          componentType: "component",
          status: state.status,
          time: snapshot.date.toISOString(),
          ...output(state, detail),
        },
      ],
    ]),
  );
}

function inScope(states: readonly ComponentState[], scope: Scope): readonly ComponentState[] {
  if (scope === "all") return states;
  // What is short on the machine is for its keeper; the stack may well be of use.
  if (scope === "ready") return states.filter(({ name }) => !machineComponents.includes(name));
  const starting = states.filter(({ name }) => name === startingComponent);
  if (starting.length > 0 && scope.name !== provisionComponent) return starting;
  const one = states.filter(({ name }) => name === scope.name);
  return one.length > 0 ? one : states.filter(({ name }) => healthGroupOf(name) === scope.name);
}

/** A stack that works while it is provisioned anew is healthy, but not yet ready. */
function isUnfinished(state: ComponentState): boolean {
  return state.name === provisionComponent && state.code === "running";
}

function output(state: ComponentState, detail: boolean): { output?: string } {
  return detail && state.message !== undefined ? { output: state.message } : {};
}
