import type { DeploySettings } from "../stack/definition/deploy.ts";
import type { Model } from "../stack/model.ts";
import type { Template } from "./template/read-template.ts";

/** What a deployment is to end with. */
export interface Wanted {
  readonly template: Template;
  readonly vmid: number;
  readonly settings: DeploySettings;
  readonly hostname: string;
  readonly container: Model["definition"]["container"];
}

/** The container that is wanted of a template, under this vmid. */
export function wanted(template: Template, vmid: number): Wanted {
  const { definition, name } = template.model;
  const { deploy: settings, container } = definition;
  return { template, vmid, settings, container, hostname: container.hostname ?? name };
}
