import { StackError } from "../lib/error.ts";
import { agent } from "./components/agent/component.ts";
import { declaredJobs } from "./components/agent/declared-jobs.ts";
import { backup } from "./components/backup/component.ts";
import { backupJobs } from "./components/backup/jobs.ts";
import { backupModel, backupSecrets } from "./components/backup/model.ts";
import { checkModels } from "./components/check-models.ts";
import { cluster } from "./components/cluster/component.ts";
import { clusterModel } from "./components/cluster/model.ts";
import type { AnyComponent, OwnPart, Part } from "./components/component.ts";
import { formOf, isClustered, isExternal } from "./components/form-of.ts";
import { dependencies } from "./components/index.ts";
import { metrics } from "./components/metrics/component.ts";
import { portsOf } from "./components/ports.ts";
import { services } from "./components/services/component.ts";
import { componentSecrets, givenSecrets, servicesModel } from "./components/services/model.ts";
import { buildFile, system } from "./components/system/component.ts";
import { debianReleases } from "./debian.ts";
import type { Definition } from "./definition/schema.ts";
import { loopback } from "./loopback.ts";
import { machinePaths } from "./machine-paths.ts";
import type {
  BareModel,
  BaseModel,
  ComponentName,
  DataFolder,
  DependencyModels,
  DependencyName,
  FileEntry,
  Model,
  Paths,
  SecretSpec,
  UnitSpec,
} from "./model.ts";

/**
 * Works out what a definition means. Pure; the same definition gives the same model.
 *
 * @throws StackError `duplicate-file` where two components claim one path (a bug of ours).
 */
export function resolve(definition: Definition): Model {
  const bare = bareModel(definition);
  const components = presentIn(definition);
  const members: ReadonlySet<ComponentName> = new Set(
    components
      .filter(({ name, clustered }) => clustered !== undefined && isClustered(definition[name], definition.cluster))
      .map(({ name }) => name),
  );
  const ofCluster = bare.cluster === undefined ? [] : [cluster];
  const own: readonly OwnPart[] = [
    services,
    ...(bare.backup === undefined ? [] : [backup]),
    ...(bare.metrics === undefined ? [] : [metrics]),
  ];
  const parts: readonly Part[] = [system, agent, ...ofCluster, ...components, ...own];
  const data = components.flatMap(({ name, data }): DataFolder[] => {
    if (data === undefined) return [];
    const { path, mode, owner } = data;
    const volume = definition.container.volumes[name];
    return [{ component: name, path, mode, owner, holds: data.holds(bare), ...(volume !== undefined && { volume }) }];
  });
  const processes = parts.flatMap((part) =>
    (part.processes?.(bare) ?? []).map((process) => ({
      ...process,
      component: part.name,
      ...(process.memoryVariable !== undefined && { memoryFile: `/etc/stack-agent/${process.logName}.env` }),
    })),
  );
  const files = [
    ...data.map(({ component, path, mode, owner }): FileEntry => {
      return { component, path, mode, owner, kind: "directory", when: "build" };
    }),
    ...parts.flatMap(({ name, files }) => [
      ...processes.filter(({ component }) => component === name).flatMap(processFiles),
      ...files(bare).map((file): FileEntry => ({ ...file, component: name })),
    ]),
  ];
  refuseDuplicates(files);
  const portsOfOwn = (part: OwnPart) => part.ports?.(bare) ?? [];
  return {
    ...bare,
    components: components.map((component) => ({
      ...{ name: component.name, label: component.label, kind: component.kind },
      ...(component.firstBoot && { firstBoot: component.firstBoot }),
      ...(isExternal(definition[component.name]) && { external: true }),
      ...(members.has(component.name) && { clustered: true }),
    })),
    packages: [...new Set(parts.flatMap((part) => part.packages(bare)))].sort(),
    packageSources: components.flatMap(({ name, packageSources }) =>
      packageSources === undefined ? [] : [{ ...packageSources(bare), component: name }],
    ),
    versions: parts.flatMap(({ name, versions }) =>
      (versions?.(bare) ?? []).map((asked) => ({ ...asked, component: name })),
    ),
    memory: components.flatMap(({ name, memory }) => {
      const claim = memory?.(bare);
      return claim === undefined ? [] : [{ ...claim, component: name }];
    }),
    checks: [
      ...components.flatMap(({ checks, kind }) => checkModels(checks, kind)),
      ...[services, system, ...own.slice(1)].flatMap((part) => part.checks?.(bare) ?? []),
    ],
    users: parts.flatMap((part) => part.users?.(bare) ?? []),
    packagedAccounts: parts.flatMap((part) => part.packagedAccounts ?? []),
    secrets: parts.flatMap(({ name, secrets }) =>
      (secrets?.(bare) ?? []).map((secret): SecretSpec => (members.has(name) ? { ...secret, shared: true } : secret)),
    ),
    ports: [
      ...portsOfOwn(system),
      ...portsOfOwn(agent),
      ...components.flatMap((component) => portsOf(component, bare)),
      ...own.flatMap(portsOfOwn),
    ],
    processes,
    units: parts.flatMap(({ name, units }) => [
      ...units(bare).map((unit) => ({ ...unit, component: name })),
      ...processes.filter(({ component }) => component === name).flatMap(processUnits),
    ]),
    files,
    data,
  };
}

function processUnits({ unit, component, activated, socket, wantedBy }: Model["processes"][number]): UnitSpec[] {
  if (activated) return [{ unit, component, want: "disabled" }];
  const kept = { component, want: "enabled", wantedBy: wantedBy ?? "multi-user.target", running: true } as const;
  // The socket first: it can't be started any more while its process runs.
  return [...(socket === undefined ? [] : [{ ...kept, unit: socket.unit }]), { ...kept, unit }];
}

/** Its units, and its share of the memory where it can't have that from its own configuration. */
function processFiles(process: Model["processes"][number]): FileEntry[] {
  const { unit, component, memoryFile, socket, template = { path: "units/process.service.ejs" } } = process;
  const data = { process, ...template.data };
  const unitFile = (name: string, path: string): FileEntry => ({
    ...buildFile(`/etc/systemd/system/${name}`, path),
    component,
    unit: name,
    data,
  });
  const memory = (path: string): FileEntry => ({
    ...buildFile(path, "rootfs-overlay/etc/stack-agent/memory.env.ejs"),
    ...{ component, when: "boot", unit, data: { process } },
  });
  return [
    ...(socket === undefined ? [] : [unitFile(socket.unit, "units/service.socket.ejs")]),
    unitFile(unit, template.path),
    ...(memoryFile === undefined ? [] : [memory(memoryFile)]),
  ];
}

/** What a definition means, before the parts have added their tables. */
export function bareModel(definition: Definition): BareModel {
  const paths: Paths = {
    config: `/etc/${definition.name}`,
    opt: `/opt/${definition.name}`,
    ...machinePaths,
  };
  const components = presentIn(definition);
  const base: BaseModel = {
    name: definition.name,
    paths,
    ...(Object.fromEntries(
      components.map(({ name, model }) => [name, { address: loopback, ...model(definition[name] ?? {}, definition) }]),
    ) as Partial<DependencyModels>),
    version: definition.version,
    debian: debianReleases[definition.debian],
    architecture: definition.architecture,
    definition,
    ...(definition.cluster && { cluster: clusterModel(definition.cluster) }),
    ...(definition.metrics && { metrics: definition.metrics }),
    ...(definition.backup && { backup: backupModel(definition.backup, definition) }),
  };
  const services = servicesModel(base, components);
  const jobs = [...declaredJobs(definition, services), ...backupJobs(base.backup)];
  const asked = [
    ...givenSecrets(base, services),
    ...componentSecrets(base, services, components),
    ...backupSecrets(base.backup),
  ];
  return { ...base, services, jobs, givenSecrets: asked };
}

/** Of all components those that a definition has, as it has them: with servers of their own, or on others'. */
export function presentIn(
  definition: Partial<Record<DependencyName | "cluster", unknown>>,
): readonly AnyComponent<DependencyName>[] {
  const all: readonly AnyComponent<DependencyName>[] = dependencies;
  return all.flatMap((component) => {
    const section = definition[component.name];
    return section === undefined ? [] : [formOf(component, section, definition.cluster)];
  });
}

function refuseDuplicates(files: readonly FileEntry[]): void {
  const seen = new Map<string, FileEntry>();
  for (const file of files) {
    const other = seen.get(file.path);
    if (other !== undefined) {
      throw new StackError("duplicate-file", `${file.component} and ${other.component} both claim ${file.path}`);
    }
    seen.set(file.path, file);
  }
}
