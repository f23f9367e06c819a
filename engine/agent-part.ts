import type { Readable, Writable } from "node:stream";
import type { Log } from "../lib/log.ts";
import type { Run } from "../lib/run.ts";
import type { CheckName } from "../stack/components/check-spec.ts";
import type { MachineFinding } from "../stack/documents/doctor.ts";
import type { Model, SecretName } from "../stack/model.ts";
import type { Executors } from "./action.ts";
import type { BackupPart } from "./backup-part.ts";
import type { ClusterPart } from "./cluster-part.ts";
import type { CheckOpeners } from "./declared-checks.ts";
import type { Evidence } from "./evidence.ts";
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

/** A component's `agent/evidence.ts`: what `stack-agent support-bundle` takes along of it. */
export interface EvidencePart {
  evidence(options: FindingsOptions): readonly Evidence[];
}

/** A component's `agent/handover.ts`: how its data moves into another machine's stack. */
export interface HandoverPart {
  /**
   * Lets nobody write any more, and writes all of its data. Nobody is let in again before `end`, or the machine's next
   * start: what is done about that lies in memory and in /run alone.
   */
  send(options: HandoverOptions, output: Writable): Promise<Moved>;
  /** Takes what another machine's `send` has written, in the place of what is there. */
  receive(options: HandoverOptions, input: Readable): Promise<Moved>;
  /** Lets all in again; done twice, the second time changes nothing. */
  end(options: HandoverOptions): Promise<void>;
}

export interface HandoverOptions {
  readonly model: Model;
  readonly run: Run;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** A secret's value. @throws StackError `secret-missing` */
  secret(name: SecretName): Promise<string>;
}

/** How much was moved, by what it is: both sides count, and must agree. */
export type Moved = Readonly<Record<string, number>>;

/** A component's `agent/backup.ts`: what of it is in a backup beside the database. */
export interface BackupModule {
  backupParts(model: Model): readonly BackupPart[];
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
  readonly evidence?: () => Promise<EvidencePart>;
  readonly handover?: () => Promise<HandoverPart>;
  readonly backup?: () => Promise<BackupModule>;
  /** How its servers stand as members of a cluster. */
  readonly cluster?: () => Promise<ClusterPart>;
  /** In the place of these where its servers are somebody else's: what may be looked at there. */
  readonly external?: Pick<AgentPart<Id, Checks>, "monitoring" | "findings">;
  /** In the place of these where its server is one of three. */
  readonly clustered?: Pick<AgentPart<Id, Checks>, "monitoring"> & Partial<AgentPart<Id, Checks>>;
}
