import { createHash } from "node:crypto";
import type { FactReader } from "../../../engine/facts/fact-reader.ts";
import { defineStage } from "../../../engine/stage.ts";
import { parseWantedReleases, wantedOf, wantedReleasesPath } from "../../../engine/state/wanted-releases.ts";
import type { Model, ServiceModel } from "../../../stack/model.ts";
import { releaseZero } from "../../../stack/releases.ts";
import { requirementsLock, venvStamp } from "../../../stack/venv.ts";

export interface VenvFacts {
  readonly service: string;
  readonly venv: string;
  /** Runs from the venv. */
  readonly unit: string;
  readonly lock: string;
  /** sha256 of the lock; undefined where it is missing. */
  readonly wanted: string | undefined;
  /** What the venv was made from; undefined where it is missing or not whole. */
  readonly found: string | undefined;
  /** Whole or not. */
  readonly there: boolean;
  /** Another release than the template's is wanted: it has its own, and of a service that came later there is no other. */
  readonly deployed?: boolean;
}

/** A venv a service, from a lock with hashes. */
export const pythonStage = defineStage<"python", readonly VenvFacts[]>({
  id: "python",
  title: "Python environments",
  needs: ["system"],
  present: (model) => pythonServices(model).length > 0,
  checks: () => [],
  inspect: async (reader, model) => {
    const wanted = parseWantedReleases(await reader.readText(wantedReleasesPath(model.paths.state)));
    return Promise.all(
      pythonServices(model).map(async (service) => ({
        ...(await inspectVenv(reader, service)),
        deployed: wantedOf(wanted, service.name) !== releaseZero,
      })),
    );
  },
  preflight: (facts) =>
    facts
      .filter(({ wanted, deployed }) => wanted === undefined && !deployed)
      .map(({ service, lock }) => ({
        code: "lock-missing",
        message: `${service} has no lock of its requirements at ${lock}`,
        hint: "the template this machine was made from is incomplete: build it again",
      })),
  plan: (facts) => ({
    actions: facts
      .filter(({ wanted, found }) => wanted !== undefined && found !== wanted)
      .map(({ service, venv, unit, lock, found }) => ({
        do: "makeVenv",
        why: found === undefined ? "missing or not whole" : "made from another lock",
        args: { service, venv, requirements: lock, units: [unit] },
      })),
    unseen: [],
  }),
  reset: (facts, { paths }, { baked }) => ({
    actions:
      !baked && facts.some(({ there }) => there)
        ? [{ do: "removeTree", why: "made by the stack", args: { path: `${paths.opt}/venvs` } }]
        : [],
    kept: [],
  }),
});

type PythonService = ServiceModel & { readonly venv: string };

function pythonServices({ services }: Model): PythonService[] {
  return services.flatMap((service) => (service.venv === undefined ? [] : [{ ...service, venv: service.venv }]));
}

async function inspectVenv(reader: FactReader, service: PythonService): Promise<VenvFacts> {
  const lock = requirementsLock(service);
  const [text, stamp, python, there] = await Promise.all([
    reader.readText(lock),
    reader.readText(venvStamp(service.venv)),
    reader.exists(`${service.venv}/bin/python`),
    reader.exists(service.venv),
  ]);
  return {
    service: service.name,
    venv: service.venv,
    unit: service.unit,
    lock,
    wanted: text === undefined ? undefined : createHash("sha256").update(text).digest("hex"),
    found: python ? stamp?.trim() : undefined,
    there,
  };
}
