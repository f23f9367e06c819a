import type { AnyComponent } from "./component.ts";

/**
 * A component as a stack has it, by its section of stack.yaml: with servers of its own, as it is declared; with a server
 * that is one of three, `clustered`, in a stack that has a section cluster; or on servers that are somebody else's,
 * `external`. Then nothing of it is installed: no package, no unit, no account, no port, no memory and no data. All that
 * a stack makes of its components is made of this form.
 *
 * @param section as it was read, valid or not
 * @param cluster the section cluster, the same way
 */
export function formOf<Name extends string>(
  component: AnyComponent<Name>,
  section: unknown,
  cluster: unknown,
): AnyComponent<Name> {
  const { name, label, kind, settings, model, checks, external } = component;
  const { names, ownNames, serviceSettings, strictServiceSettings } = component;
  if (isClustered(section, cluster)) return { ...component, ...component.clustered };
  if (external === undefined || !isExternal(section)) return component;
  return {
    ...{ name, label, kind, settings, model, checks, external, connection: external.connection },
    ...(external.firstBoot !== undefined && { firstBoot: external.firstBoot }),
    ...(external.jobs && { jobs: external.jobs }),
    ...(names && { names }),
    ...(ownNames && { ownNames }),
    ...(serviceSettings && { serviceSettings }),
    ...(strictServiceSettings && { strictServiceSettings }),
    ...{ ports: [], packages: () => [], processes: () => [], units: () => [] },
    files: external.files ?? (() => []),
    givenSecrets: external.secrets,
  };
}

/** Whether a component has the form of a cluster's member, if it has one. */
export function isClustered(section: unknown, cluster: unknown): boolean {
  return cluster !== undefined && !isExternal(section);
}

export function isExternal(section: unknown): boolean {
  return typeof section === "object" && section !== null && "external" in section && section.external !== undefined;
}
