import type { Executors } from "../engine/action.ts";
import { commonExecutors } from "../engine/actions/executors.ts";
import type { AgentPart, FindingsOptions, ProvisioningPart } from "../engine/agent-part.ts";
import type { Check } from "../engine/check.ts";
import { declaredChecks } from "../engine/declared-checks.ts";
import type { Job } from "../engine/job.ts";
import { type Stage, type StageId, stageIds } from "../engine/stage.ts";
import type { ComponentCheck } from "../stack/components/index.ts";
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
  },
  redis: {
    provisioning: () => import("./redis/agent/provisioning.ts"),
    monitoring: () => import("./redis/agent/monitoring.ts"),
  },
  rabbitmq: {
    provisioning: () => import("./rabbitmq/agent/provisioning.ts"),
    monitoring: () => import("./rabbitmq/agent/monitoring.ts"),
  },
  memcached: {
    provisioning: () => import("./memcached/agent/provisioning.ts"),
    monitoring: () => import("./memcached/agent/monitoring.ts"),
  },
  services: {
    provisioning: () => import("./services/agent/provisioning.ts"),
    monitoring: () => import("./services/agent/monitoring.ts"),
  },
} as const satisfies AgentParts;

/** How services' releases are listed, made and put in force. */
export async function loadReleases() {
  const [describe, change] = await Promise.all([
    import("./services/agent/releases/describe-releases.ts"),
    import("./services/agent/releases/deploy-service.ts"),
  ]);
  return { ...describe, ...change };
}

/** Every stage there is, in the order they are shown. CLI, help, progress and plans are made from it. */
export async function loadStages(): Promise<readonly Stage[]> {
  const stages: { readonly [Id in StageId]: Stage } = await loadAll("stages");
  return stageIds.map((id) => stages[id]);
}

/** How every action is carried out. */
export async function loadExecutors(): Promise<Executors> {
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

type Watched = Pick<AgentPart, "monitoring" | "findings">;

/** Of what the stack has beside the machine itself. */
function partsOf({ components }: Model): readonly Watched[] {
  return [...components.map(({ name }) => parts[name]), parts.services];
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
