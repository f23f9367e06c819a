import type { Action } from "../../../../engine/action.ts";
import type { FactReader } from "../../../../engine/facts/fact-reader.ts";
import { joinResets, resetData } from "../../../../engine/plan/reset-component.ts";
import type { Problem, ResetPlan, ResetWish } from "../../../../engine/stage.ts";
import { parseWantedReleases, wantedOf, wantedReleasesPath } from "../../../../engine/state/wanted-releases.ts";
import type { Model } from "../../../../stack/model.ts";
import {
  currentLink,
  currentTarget,
  releaseFolder,
  releaseRecord,
  releasesFolder,
  releaseZero,
} from "../../../../stack/releases.ts";

/** Which release of a service is wanted, and which is in force. */
export interface ReleaseFacts {
  readonly service: string;
  readonly folder: string;
  readonly unit: string;
  readonly wanted: string;
  /** The wanted one is there. */
  readonly whole: boolean;
  /** What `current` holds; undefined where it is missing. */
  readonly current: string | undefined;
  /** Folders of what was deployed. */
  readonly deployed: readonly string[];
}

/** @throws StackError `releases-unreadable` */
export async function inspectReleases(reader: FactReader, { paths, services }: Model): Promise<ReleaseFacts[]> {
  const wanted = parseWantedReleases(await reader.readText(wantedReleasesPath(paths.state)));
  return Promise.all(
    services.map(async (service): Promise<ReleaseFacts> => {
      const id = wantedOf(wanted, service.name);
      const proof = id === releaseZero ? releaseFolder(service, id) : releaseRecord(service, id);
      const [whole, current, there] = await Promise.all([
        reader.exists(proof),
        reader.readLink(currentLink(service)),
        reader.names(releasesFolder(service)),
      ]);
      const deployed = there.filter((name) => name !== releaseZero).map((name) => releaseFolder(service, name));
      const { name, folder, unit } = service;
      return { service: name, folder, unit, wanted: id, whole, current, deployed };
    }),
  );
}

export function preflightReleases(facts: readonly ReleaseFacts[]): Problem[] {
  return facts
    .filter(({ whole }) => !whole)
    .map(({ service, folder, wanted }) => ({
      code: "release-missing",
      message: `the release ${wanted} of ${service}, which is wanted, is not in ${folder}/releases`,
      hint:
        wanted === releaseZero
          ? "what this machine was made from is incomplete: build it again"
          : `stack-agent service releases ${service} shows which are there; stack-agent service rollback ${service} ID takes one`,
    }));
}

/** What puts the wanted releases in force: a deployment that was cut off is taken back, one that is done is never undone. */
export function planReleases(facts: readonly ReleaseFacts[]): Action[] {
  return facts
    .filter(({ wanted, whole, current }) => whole && current !== currentTarget(wanted))
    .map(({ service, folder, unit, wanted, current }) => ({
      do: "switchRelease",
      why: current === undefined ? "no release is in force" : `${current.replace(/^releases\//, "")} is in force`,
      args: { service, folder, release: wanted, units: [unit] },
    }));
}

/** What was deployed is data: a reset leaves it, unless asked for. The link to what is in force goes where provisioning made it. */
export function resetReleases(facts: readonly ReleaseFacts[], wish: ResetWish): ResetPlan {
  const links = facts.flatMap(({ folder, current }): Action[] =>
    current === undefined || wish.baked
      ? []
      : [{ do: "removeFile", why: "made by the stack", args: { path: currentLink({ folder }) } }],
  );
  const deployed = facts.flatMap((one) => one.deployed);
  return joinResets({ actions: links, kept: [] }, resetData(deployed, wish));
}
