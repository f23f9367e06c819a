import { readWantedReleases, wantedOf } from "../../../../engine/state/wanted-releases.ts";
import { readLinkIfAny } from "../../../../lib/files.ts";
import type { ReleasesDocument, ServicesDocument } from "../../../../stack/documents/releases.ts";
import type { Model } from "../../../../stack/model.ts";
import { currentLink, currentTarget, releaseZero } from "../../../../stack/releases.ts";
import { serviceOf } from "./deploy-service.ts";
import { listReleases } from "./list-releases.ts";

/** Of each service what release is wanted, and what is in force. */
export async function describeServices({ services, paths }: Model): Promise<ServicesDocument> {
  const wanted = await readWantedReleases(paths.state);
  const rows = services.map(async (service) => {
    const release = wantedOf(wanted, service.name);
    const current = await readLinkIfAny(currentLink(service));
    const { previous, since } = wanted.get(service.name) ?? {};
    return {
      ...{ name: service.name, port: service.port, release, releases: (await listReleases(service)).length },
      ...(previous === undefined ? {} : { previous }),
      ...(since === undefined ? {} : { since }),
      ...(current === currentTarget(release) ? {} : { inForce: current ?? "" }),
    };
  });
  return { schemaVersion: 1, services: await Promise.all(rows) };
}

/** A service's releases that are there, the newest first. @throws StackError `unknown-service` */
export async function describeReleases(model: Model, name: string): Promise<ReleasesDocument> {
  const service = serviceOf(model, name);
  const wanted = (await readWantedReleases(model.paths.state)).get(name);
  const state = (id: string): ReleasesDocument["releases"][number]["state"] => {
    if (id === (wanted?.release ?? releaseZero)) return "current";
    return id === wanted?.previous ? "previous" : "kept";
  };
  const releases = (await listReleases(service)).map(({ id, at, from, digest }) => ({
    ...{ id, state: state(id) },
    ...(at === undefined ? {} : { at }),
    ...(from === undefined ? {} : { from }),
    ...(digest === undefined ? {} : { digest }),
  }));
  return { schemaVersion: 1, service: name, releases };
}
