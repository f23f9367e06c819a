import { StackError } from "../lib/error.ts";
import { agent } from "./components/agent/component.ts";
import { declaredJobs } from "./components/agent/declared-jobs.ts";
import { checkModels } from "./components/check-models.ts";
import type { AnyComponent, OwnPart, Part } from "./components/component.ts";
import { dependencies } from "./components/index.ts";
import { portsOf } from "./components/ports.ts";
import { services } from "./components/services/component.ts";
import { givenSecrets, servicesModel } from "./components/services/model.ts";
import { buildFile, system } from "./components/system/component.ts";
import { debianReleases } from "./debian.ts";
import type { Definition } from "./definition/schema.ts";
import { loopback } from "./loopback.ts";
import { machinePaths } from "./machine-paths.ts";
import type {
  BareModel,
  BaseModel,
  DataFolder,
  DependencyModels,
  DependencyName,
  FileEntry,
  Model,
  Paths,
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
  const parts: readonly Part[] = [system, agent, ...components, services];
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
    components: components.map(({ name, label, kind, firstBoot }) => ({
      name,
      label,
      kind,
      ...(firstBoot && { firstBoot }),
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
      ...[services, system].flatMap((part) => part.checks?.(bare) ?? []),
    ],
    users: parts.flatMap((part) => part.users?.(bare) ?? []),
    packagedAccounts: parts.flatMap((part) => part.packagedAccounts ?? []),
    secrets: parts.flatMap((part) => part.secrets?.(bare) ?? []),
    ports: [
      ...portsOfOwn(system),
      ...portsOfOwn(agent),
      ...components.flatMap((component) => portsOf(component, bare)),
      ...portsOfOwn(services),
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
      components.map(({ name, model }) => [name, { ...model(definition[name] ?? {}, definition), address: loopback }]),
    ) as Partial<DependencyModels>),
    version: definition.version,
    debian: debianReleases[definition.debian],
    architecture: definition.architecture,
    definition,
  };
  const services = servicesModel(base, components);
  const jobs = declaredJobs(definition, services);
  return { ...base, services, jobs, givenSecrets: givenSecrets(base, services) };
}

/** Of all components those that a definition has. */
export function presentIn(
  definition: Partial<Record<DependencyName, unknown>>,
): readonly AnyComponent<DependencyName>[] {
  const all: readonly AnyComponent<DependencyName>[] = dependencies;
  return all.filter(({ name }) => definition[name] !== undefined);
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
