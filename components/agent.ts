import type { Executors } from "../engine/action.ts";
import type { AgentPart, FindingsOptions, HandoverPart, ProvisioningPart } from "../engine/agent-part.ts";
import type { BackupPart } from "../engine/backup-part.ts";
import type { Check } from "../engine/check.ts";
import type { ClusterPart } from "../engine/cluster-part.ts";
import { declaredChecks } from "../engine/declared-checks.ts";
import type { Evidence } from "../engine/evidence.ts";
import type { Job } from "../engine/job.ts";
import { type Stage, type StageId, stageIds } from "../engine/stage.ts";
import type { BackupCheck } from "../stack/components/backup/checks.ts";
import type { ComponentCheck } from "../stack/components/index.ts";
import type { MetricsCheck } from "../stack/components/metrics/checks.ts";
import type { DependencyName } from "../stack/components/names.ts";
import type { ServicesCheck } from "../stack/components/services/checks.ts";
import type { machineChecks } from "../stack/components/system/checks.ts";
import type { MachineFinding } from "../stack/documents/doctor.ts";
import type { Model } from "../stack/model.ts";

/*
 * The one way from the agent to its components: `import()`s of literal paths, which esbuild follows.
 * A component without a line here, without a stage, with a check that it doesn't declare or nothing carries
 * out, or with an action that nothing carries out doesn't compile.
 */

type AgentParts = { readonly [Name in DependencyName]: AgentPart<Name, ComponentCheck<Name>> } & {
  readonly system: AgentPart<"system", keyof typeof machineChecks>;
  readonly services: AgentPart<"python" | "services", ServicesCheck>;
  readonly cluster: Pick<AgentPart<"cluster">, "provisioning">;
  readonly backup: AgentPart<"backup", BackupCheck>;
  readonly metrics: AgentPart<"metrics", MetricsCheck>;
};

const parts = {
  system: {
    provisioning: () => import("./system/agent/provisioning.ts"),
    monitoring: () => import("./system/agent/monitoring.ts"),
    findings: () => import("./system/agent/findings.ts"),
  },
  postgres: {
    provisioning: () => import("./postgres/agent/provisioning.ts"),
    monitoring: () => import("./postgres/agent/monitoring.ts"),
    findings: () => import("./postgres/agent/findings.ts"),
    evidence: () => import("./postgres/agent/evidence.ts"),
    handover: () => import("./postgres/agent/handover.ts"),
    cluster: () => import("./postgres/agent/cluster.ts"),
    external: { monitoring: () => import("./postgres/agent/monitoring.ts") },
    clustered: {
      monitoring: async () => (await import("./postgres/agent/members/clustered-monitoring.ts")).clusteredMonitoring,
      findings: () => import("./postgres/agent/findings.ts"),
      evidence: () => import("./postgres/agent/evidence.ts"),
    },
  },
  redis: {
    provisioning: () => import("./redis/agent/provisioning.ts"),
    monitoring: () => import("./redis/agent/monitoring.ts"),
    findings: () => import("./redis/agent/findings.ts"),
    evidence: () => import("./redis/agent/evidence.ts"),
    backup: () => import("./redis/agent/backup.ts"),
    handover: () => import("./redis/agent/handover.ts"),
    cluster: () => import("./redis/agent/cluster.ts"),
    external: { monitoring: async () => (await import("./redis/agent/external-monitoring.ts")).externalMonitoring },
    clustered: {
      monitoring: async () => (await import("./redis/agent/members/clustered-monitoring.ts")).clusteredMonitoring,
      findings: () => import("./redis/agent/findings.ts"),
      evidence: () => import("./redis/agent/evidence.ts"),
    },
  },
  rabbitmq: {
    provisioning: () => import("./rabbitmq/agent/provisioning.ts"),
    monitoring: () => import("./rabbitmq/agent/monitoring.ts"),
    findings: () => import("./rabbitmq/agent/findings.ts"),
    evidence: () => import("./rabbitmq/agent/evidence.ts"),
    backup: () => import("./rabbitmq/agent/backup.ts"),
    handover: () => import("./rabbitmq/agent/handover.ts"),
    cluster: () => import("./rabbitmq/agent/cluster.ts"),
    external: { monitoring: () => import("./rabbitmq/agent/monitoring.ts") },
    clustered: {
      monitoring: async () => (await import("./rabbitmq/agent/members/clustered-monitoring.ts")).clusteredMonitoring,
      findings: () => import("./rabbitmq/agent/findings.ts"),
      evidence: () => import("./rabbitmq/agent/evidence.ts"),
    },
  },
  cluster: { provisioning: () => import("./cluster/agent/provisioning.ts") },
  memcached: {
    provisioning: () => import("./memcached/agent/provisioning.ts"),
    monitoring: () => import("./memcached/agent/monitoring.ts"),
  },
  services: {
    provisioning: () => import("./services/agent/provisioning.ts"),
    monitoring: () => import("./services/agent/monitoring.ts"),
    backup: () => import("./services/agent/backup.ts"),
  },
  backup: {
    provisioning: () => import("./backup/agent/provisioning.ts"),
    monitoring: () => import("./backup/agent/monitoring.ts"),
    findings: () => import("./backup/agent/findings.ts"),
  },
  metrics: {
    provisioning: () => import("./metrics/agent/provisioning.ts"),
    monitoring: () => import("./metrics/agent/monitoring.ts"),
  },
} as const satisfies AgentParts;

/** How services' releases are listed, made and put in force. */
export async function loadReleases() {
  const [describe, change, make] = await Promise.all([
    import("./services/agent/releases/describe-releases.ts"),
    import("./services/agent/releases/deploy-service.ts"),
    import("./services/agent/releases/make-release.ts"),
  ]);
  return { ...describe, ...change, ...make };
}

/** What root's jobs do about Debian's updates. */
export function loadUpdates() {
  return Promise.all([
    import("./system/agent/updates/look-for-updates.ts"),
    import("./system/agent/updates/perform-updates.ts"),
  ]).then(([look, perform]) => ({ ...look, ...perform }));
}

/** How backups are made, listed and proven, and how the database comes back. */
export async function loadBackups() {
  const loaded = await Promise.all([
    import("./backup/agent/make-backup.ts"),
    import("./backup/agent/list-backups.ts"),
    import("./backup/agent/check-backup.ts"),
    import("./backup/agent/restore.ts"),
  ]);
  const [{ makeBackup }, { listBackups }, { checkBackup }, { restore, restoreLate }] = loaded;
  return { makeBackup, listBackups, checkBackup, restore, restoreLate };
}

/** What of the components is in a backup beside the database. */
export async function loadBackupParts(model: Model): Promise<readonly BackupPart[]> {
  const loaded = await Promise.all(partsOf(model).map((part) => part.backup?.()));
  return loaded.flatMap((part) => part?.backupParts(model) ?? []);
}

/** Ends a restore that was cut off; provisioning goes on from there. */
export async function loadResumeRestore() {
  return (await import("./backup/agent/restore-state.ts")).resumeRestore;
}

/** How each of a stack's components moves its data into another machine; undefined where it has none to move. */
export async function loadHandover({ components }: Model): Promise<ReadonlyMap<DependencyName, HandoverPart>> {
  const own = components.filter(({ external }) => !external);
  const loaded = own.map(async ({ name }) => {
    const part: AgentPart<never, never> = parts[name] as never;
    const module = await part.handover?.();
    return module === undefined ? [] : [[name, module] as const];
  });
  return new Map((await Promise.all(loaded)).flat());
}

/** How each of the components that are members of a cluster stands there. */
export async function loadClusterParts({ components }: Model): Promise<ReadonlyMap<DependencyName, ClusterPart>> {
  const loaded = components.map(async ({ name, clustered }) => {
    const part: Pick<AgentPart, "cluster" | "monitoring"> = parts[name];
    const module = clustered ? await part.cluster?.() : undefined;
    return module === undefined ? [] : [[name, module] as const];
  });
  return new Map((await Promise.all(loaded)).flat());
}

/** Every stage there is, in the order they are shown. CLI, help, progress and plans are made from it. */
export async function loadStages(): Promise<readonly Stage[]> {
  const stages: { readonly [Id in StageId]: Stage } = await loadAll("stages");
  return stageIds.map((id) => stages[id]);
}

/** How every action is carried out. */
export async function loadExecutors(): Promise<Executors> {
  const { commonExecutors } = await import("../engine/actions/executors.ts");
  return { ...commonExecutors, ...(await loadAll("executors")) };
}

/**
 * Every check of a stack, in the order health shows them. The databases' clients
 * are loaded here and not before: they are the most of the agent's start.
 */
export async function loadChecks(model: Model): Promise<readonly Check[]> {
  const loaded = await Promise.all([...partsOf(model), parts.system].map((part) => part.monitoring()));
  return declaredChecks(model, Object.assign({}, ...loaded.map(({ checks }) => checks(model))));
}

/** The jobs that a stack's components bring, done as the agent's own user. */
export async function loadJobs(model: Model): Promise<readonly Job[]> {
  const loaded = await Promise.all(partsOf(model).map((part) => part.monitoring()));
  return loaded.flatMap(({ jobs }) => jobs?.(model) ?? []);
}

/** What of the machine is worth knowing, each with what helps. */
export async function loadFindings(options: FindingsOptions): Promise<readonly MachineFinding[]> {
  const loaded = [parts.system, ...partsOf(options.model)].map(async (part: Watched) => {
    const module = await part.findings?.();
    return (await module?.findings(options)) ?? [];
  });
  return (await Promise.all(loaded)).flat();
}

/** What of the components helps to understand a stack from afar. */
export async function loadEvidence(options: FindingsOptions): Promise<readonly Evidence[]> {
  const loaded = await Promise.all(partsOf(options.model).map((part) => part.evidence?.()));
  return loaded.flatMap((part) => part?.evidence(options) ?? []);
}

type Watched = Pick<AgentPart, "monitoring" | "findings" | "evidence" | "backup">;

/** Of what the stack has beside the machine itself. */
function partsOf({ components, backup, metrics }: Model): readonly Watched[] {
  return [
    ...components.map(({ name, external, clustered }): Watched => {
      const part: Watched & Pick<AgentPart, "external" | "clustered"> = parts[name];
      return (external ? part.external : clustered ? part.clustered : undefined) ?? part;
    }),
    parts.services,
    ...(backup === undefined ? [] : [parts.backup]),
    ...(metrics === undefined ? [] : [parts.metrics]),
  ];
}

/** One piece of every component's provisioning, in one object. */
async function loadAll<Piece extends keyof ProvisioningPart>(piece: Piece): Promise<All<Piece>> {
  const loading = Object.values(parts).map((part): Promise<ProvisioningPart<never>> => part.provisioning());
  return Object.assign({}, ...(await Promise.all(loading)).map((module) => module[piece]));
}

type Provisioning = { [Name in keyof typeof parts]: Awaited<ReturnType<(typeof parts)[Name]["provisioning"]>> };

/** What all of them have together: the intersection, by TypeScript's inference of a function's parameter. */
type All<Piece extends keyof ProvisioningPart> = {
  [Name in keyof Provisioning]: (one: Provisioning[Name] extends Record<Piece, infer Own> ? Own : unknown) => void;
}[keyof Provisioning] extends (all: infer Every) => void
  ? Every
  : never;
