import { StackError } from "../lib/error.ts";
import type { BareModel } from "./components/component.ts";
import { components } from "./components/index.ts";
import { postgresModel } from "./components/postgres/model.ts";
import { rabbitmqModel } from "./components/rabbitmq/model.ts";
import { redisModel } from "./components/redis/model.ts";
import { servicesModel } from "./components/services/model.ts";
import { debianReleases } from "./debian.ts";
import type { Definition } from "./definition/schema.ts";
import { machinePaths } from "./machine-paths.ts";
import type { DataFolder, FileEntry, Model, Paths } from "./model.ts";

/**
 * Works out what a definition means. Pure; the same definition gives the same model.
 *
 * @throws StackError `duplicate-file` where two components claim one path (a bug of ours).
 */
export function resolve(definition: Definition): Model {
  const bare = bareModel(definition);
  const present = components.filter((component) => component.present(definition));
  const data = present.flatMap((component) =>
    component.data === undefined
      ? []
      : [withVolume({ ...component.data, holds: component.data.holds(bare) }, definition)],
  );
  const files = [
    ...data.map(({ component, path, mode, owner }): FileEntry => {
      return { component, path, mode, owner, kind: "directory", when: "build" };
    }),
    ...present.flatMap((component) =>
      component.files(bare).map((file): FileEntry => ({ ...file, component: component.name })),
    ),
  ];
  refuseDuplicates(files);
  return {
    ...bare,
    packages: [...new Set(present.flatMap((component) => component.packages(bare)))].sort(),
    users: present.flatMap((component) => component.users?.(bare) ?? []),
    packagedAccounts: present.flatMap((component) => component.packagedAccounts ?? []),
    secrets: present.flatMap((component) => component.secrets?.(bare) ?? []),
    ports: present.flatMap((component) => component.ports?.(bare) ?? []),
    units: present.flatMap((component) => component.units(bare)),
    files,
    data,
  };
}

/** What a definition means, before the components have added their tables. */
export function bareModel(definition: Definition): BareModel {
  const release = debianReleases[definition.debian];
  const paths: Paths = {
    config: `/etc/${definition.name}`,
    opt: `/opt/${definition.name}`,
    ...machinePaths,
  };
  const parts = {
    name: definition.name,
    paths,
    ...(definition.postgres && { postgres: postgresModel(definition, release) }),
    ...(definition.redis && { redis: redisModel(definition) }),
    ...(definition.rabbitmq && { rabbitmq: rabbitmqModel(definition) }),
  };
  return {
    ...parts,
    version: definition.version,
    debian: release,
    architecture: definition.architecture,
    definition,
    services: servicesModel(definition, parts),
  };
}

function withVolume(folder: DataFolder, { container }: Definition): DataFolder {
  const volume = container.volumes[folder.component];
  return volume === undefined ? folder : { ...folder, volume };
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
