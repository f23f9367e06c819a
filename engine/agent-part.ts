import type { Run } from "../lib/run.ts";
import type { CheckName } from "../stack/components/check-spec.ts";
import type { MachineFinding } from "../stack/documents/doctor.ts";
import type { Model } from "../stack/model.ts";
import type { Executors } from "./action.ts";
import type { CheckOpeners } from "./declared-checks.ts";
import type { Job } from "./job.ts";
import type { StageId, StageSpec } from "./stage.ts";

/** A component's `agent/provisioning.ts`: its stages by their ids, and how its own actions are carried out. */
export interface ProvisioningPart<Id extends StageId = StageId> {
  readonly stages: { readonly [I in Id]: StageSpec<I, unknown> };
  readonly executors?: Partial<Executors>;
}

/** A component's `agent/monitoring.ts`: what the agent that runs for months holds of it. */
export interface MonitoringPart<Checks extends CheckName = CheckName> {
  /** Every one that the component declares. */
  checks(model: Model): CheckOpeners<Checks>;
  jobs?(model: Model): readonly Job[];
}

/** A component's `agent/findings.ts`: what of the machine `stack-agent doctor` looks at for it. */
export interface FindingsPart {
  findings(options: FindingsOptions): Promise<readonly MachineFinding[]>;
}

export interface FindingsOptions {
  readonly model: Model;
  readonly run: Run;
  readonly signal: AbortSignal;
}

/** The agent's part of a component, each piece loaded when it is asked for: none brings another along. */
export interface AgentPart<Id extends StageId = StageId, Checks extends CheckName = CheckName> {
  readonly provisioning: () => Promise<ProvisioningPart<Id>>;
  readonly monitoring: () => Promise<MonitoringPart<Checks>>;
  readonly findings?: () => Promise<FindingsPart>;
}
