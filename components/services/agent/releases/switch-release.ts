import type { Executors } from "../../../../engine/action.ts";
import { whileStale } from "../../../../engine/state/stale.ts";
import { linkAtomic } from "../../../../lib/files.ts";
import { currentLink, currentTarget } from "../../../../stack/releases.ts";

/** Puts a release in force, in one step. What runs, runs on from its own folder until it is restarted. */
export const switchRelease: Executors["switchRelease"] = {
  outdates: true,
  describe: ({ service, release }) => `${service} to ${release}`,
  async apply({ folder, release, units }, io) {
    await whileStale(io.paths.run, units, () => linkAtomic(currentLink({ folder }), currentTarget(release)));
  },
};
