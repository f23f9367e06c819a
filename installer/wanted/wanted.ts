import type { DeploySettings } from "../../stack/definition/deploy.ts";
import type { Model } from "../../stack/model.ts";
import type { Template } from "../template/open-template.ts";

/** What a deployment is to end with. */
export interface Wanted {
  readonly template: Template;
  readonly vmid: number;
  readonly settings: DeploySettings;
  readonly hostname: string;
  readonly container: Model["definition"]["container"];
  /** Mount points beside the root disk, in the order of their numbers. */
  readonly volumes: readonly Volume[];
}

export interface Volume {
  readonly storage: string;
  /** Where it is mounted. */
  readonly path: string;
  /** GiB. */
  readonly size: number;
}

/** The container that is wanted of a template, under this vmid. */
export function wanted(template: Template, vmid: number): Wanted {
  const { definition, name } = template.model;
  const { deploy: settings, container } = definition;
  const storage = settings.volumeStorage ?? settings.storage;
  const volumes = template.model.data.flatMap(({ path, volume }) =>
    volume === undefined ? [] : [{ storage, path, size: Math.ceil(volume / 1024) }],
  );
  return { template, vmid, settings, container, volumes, hostname: container.hostname ?? name };
}
