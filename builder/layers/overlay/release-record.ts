import { createHash } from "node:crypto";
import { migrationFolder } from "../../../stack/components/postgres/model.ts";
import { noWayBackOf } from "../../../stack/components/postgres/no-way-back.ts";
import type { StackReleaseDocument } from "../../../stack/documents/stack-release.ts";
import type { Model } from "../../../stack/model.ts";
import { releaseZero } from "../../../stack/releases.ts";
import type { Templates } from "../../../stack/render/render.ts";
import type { OwnEntry } from "../../trees/own-entry.ts";
import type { BaseFacts } from "../base/facts.ts";
import type { ServiceSource } from "../python/find-sources.ts";

export interface RecordSources {
  readonly model: Model;
  readonly templates: Templates;
  readonly own: readonly OwnEntry[];
  readonly base: Pick<BaseFacts, "packages">;
  readonly sources: ReadonlyMap<string, ServiceSource>;
}

/** What tells of the release that is built, for upgrades to it and from it. */
export function releaseRecord({ model, templates, own, base, sources }: RecordSources): StackReleaseDocument {
  const installed = new Map(base.packages.map(({ name, version }) => [name, version]));
  return {
    schemaVersion: 1,
    id: releaseZero,
    name: model.name,
    version: model.version,
    debian: model.debian.version,
    architecture: model.architecture,
    servers: Object.fromEntries(
      model.versions.map((asked) => [
        asked.what,
        { package: asked.package, version: installed.get(asked.package) ?? asked.least },
      ]),
    ),
    migrations: (model.postgres?.migrations ?? []).map(({ name }) => {
      const noWayBack = noWayBackOf(templates(`rootfs-overlay${migrationFolder}/${name}.sql.ejs`));
      return { name, ...(noWayBack !== undefined && { noWayBack }) };
    }),
    services: Object.fromEntries(
      model.services.map(({ name, source }) => {
        const { digest = "", lockText = "" } = sources.get(source) ?? {};
        return [name, createHash("sha256").update(`${digest}\0${lockText}`).digest("hex")];
      }),
    ),
    own: own.flatMap(({ path, mode, content }) =>
      content.kind === "directory"
        ? []
        : [{ path, mode, ...(content.kind === "symlink" && { target: content.target }) }],
    ),
  };
}
