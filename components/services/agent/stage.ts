import { lastWords, tellingLine } from "../../../engine/facts/last-words.ts";
import { type ComponentFacts, inspectComponent, planComponent } from "../../../engine/plan/plan-files.ts";
import { failingServer } from "../../../engine/plan/plan-mend.ts";
import { joinResets, resetComponent } from "../../../engine/plan/reset-component.ts";
import { defineStage, type FailingServer } from "../../../engine/stage.ts";
import { dependencyNames } from "../../../stack/components/names.ts";

import {
  inspectReleases,
  planReleases,
  preflightReleases,
  type ReleaseFacts,
  resetReleases,
} from "./releases/plan-releases.ts";

export interface ServicesFacts extends ComponentFacts {
  readonly releases: readonly ReleaseFacts[];
  /** Those that start again and again; missing where none was looked for. */
  readonly failing?: readonly FailingServer[];
}

/**
 * The Python services: env files, units, started.
 *
 * At boot systemd has them queued behind the very unit that runs this: they are never
 * waited for here, and their health is looked at by the agent, not by a check of the stage.
 */
export const servicesStage = defineStage<"services", ServicesFacts>({
  id: "services",
  title: "Services",
  needs: ["system", "python", "cluster", ...dependencyNames],
  present: (model) => model.services.length > 0,
  checks: () => [],
  async inspect(reader, model, signal) {
    const [facts, releases] = await Promise.all([
      inspectComponent(reader, model, "services"),
      inspectReleases(reader, model),
    ]);
    const sick = [...facts.units.values()].filter(({ failing }) => failing === true);
    const failing = sick.map(async ({ unit }) =>
      failingServer(unit, tellingLine(await lastWords(reader.run, unit, signal), said), false),
    );
    return { ...facts, releases, failing: await Promise.all(failing) };
  },
  preflight: ({ releases }) => preflightReleases(releases),
  plan({ failing = [], releases, ...facts }) {
    const switches = planReleases(releases);
    const outdated = switches.flatMap(({ args }) => ("units" in args ? (args.units ?? []) : []));
    return { actions: [...switches, ...planComponent(facts, { wait: false, outdated })], unseen: [], failing };
  },
  reset: (facts, _, wish) => joinResets(resetComponent(facts, wish), resetReleases(facts.releases, wish)),
});

/** Python's last line of an error; not what restart-delay says of the next start. */
const said = [/^(\w+(?:\.\w+)*(?:Error|Exception|Exit)\b.*)/, /^(?!restarting in )(.+)/];
