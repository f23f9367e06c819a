import { StackError } from "../lib/error.ts";
import type { AnyComponent, OwnPart, Part } from "./components/component.ts";
import { dependencies } from "./components/index.ts";
import { portsOf } from "./components/ports.ts";
import { services } from "./components/services/component.ts";
import { servicesModel } from "./components/services/model.ts";
import { agent } from "./components/stack-agent/component.ts";
import { system } from "./components/system/component.ts";
import { debianReleases } from "./debian.ts";
import type { Definition } from "./definition/schema.ts";
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
  const files = [
    ...data.map(({ component, path, mode, owner }): FileEntry => {
      return { component, path, mode, owner, kind: "directory", when: "build" };
    }),
    ...parts.flatMap((part) => part.files(bare).map((file): FileEntry => ({ ...file, component: part.name }))),
  ];
  refuseDuplicates(files);
  const portsOfOwn = (part: OwnPart) => part.ports?.(bare) ?? [];
  return {
    ...bare,
    components: components.map(({ name, label, kind }) => ({ name, label, kind })),
    packages: [...new Set(parts.flatMap((part) => part.packages(bare)))].sort(),
    users: parts.flatMap((part) => part.users?.(bare) ?? []),
    packagedAccounts: parts.flatMap((part) => part.packagedAccounts ?? []),
    secrets: parts.flatMap((part) => part.secrets?.(bare) ?? []),
    ports: [
      ...portsOfOwn(system),
      ...portsOfOwn(agent),
      ...components.flatMap((component) => portsOf(component, bare)),
      ...portsOfOwn(services),
    ],
    units: parts.flatMap((part) => part.units(bare).map((unit) => ({ ...unit, component: part.name }))),
    files,
    data,
  };
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
      components.map(({ name, model }) => [name, model(definition[name] ?? {}, definition)]),
    ) as Partial<DependencyModels>),
    version: definition.version,
    debian: debianReleases[definition.debian],
    architecture: definition.architecture,
    definition,
  };
  return { ...base, services: servicesModel(base, components) };
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
