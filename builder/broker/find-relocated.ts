import { join } from "node:path";
import { resolvePackages } from "../apt/resolve.ts";
import type { BuildContext } from "../context.ts";
import { relocatedInputs, relocatedVersions } from "../layers/relocated/relocated.ts";
import { relocations } from "../layers/relocated/relocations.ts";
import { toolVersions } from "../tool-versions.ts";
import type { Broker } from "./choose-broker.ts";

/**
 * The next Debian's RabbitMQ and Erlang with its C library beside them; undefined where the release
 * has a new one itself. Nothing is made here.
 *
 * @throws StackError what `resolvePackages` does
 */
export async function findRelocated(context: BuildContext, dry: boolean): Promise<Broker | undefined> {
  const { model, cache, work, offline, run, log, signal } = context;
  const { architecture } = model;
  const relocation = relocations[model.debian.suite];
  if (relocation === undefined) return undefined;
  const asked = { suite: relocation.from, architecture, packages: [relocation.ready] };
  const [resolution, { patchelf = "" }] = await Promise.all([
    resolvePackages({ ...asked, folder: join(cache, "resolutions"), work, offline, dry, run, log, signal }),
    toolVersions(["patchelf"], run),
  ]);
  const relocated = await relocatedInputs(relocation, resolution, { architecture, patchelf });
  return { source: "relocated", versions: relocatedVersions(relocated), relocated };
}
