import type { Action } from "../../../engine/action.ts";
import type { FactReader } from "../../../engine/facts/fact-reader.ts";
import type { Model } from "../../../stack/model.ts";

const folder = "/etc/systemd/system";

/** Unit files of jobs, paths, that nothing declares any more. */
export async function leftJobs(reader: Pick<FactReader, "names">, { files }: Pick<Model, "files">): Promise<string[]> {
  const declared = new Set(files.map(({ path }) => path));
  return (await reader.names(folder))
    .filter((name) => /^stack-job@.+\.(path|service)$/.test(name))
    .map((name) => `${folder}/${name}`)
    .filter((path) => !declared.has(path));
}

/** Nobody asks for them from now on; a run that goes on is ended, and none counts as failed any more. */
export function planLeftJobs(paths: readonly string[]): Action[] {
  if (paths.length === 0) return [];
  const units = paths.map((path) => path.slice(folder.length + 1));
  const asked = units.filter((unit) => unit.endsWith(".path"));
  const run = units.filter((unit) => unit.endsWith(".service"));
  const why = "of a job that is not declared any more";
  return [
    ...(asked.length === 0 ? [] : [{ do: "disableUnits", why, args: { units: asked } } as const]),
    ...(run.length === 0 ? [] : [{ do: "stopUnits", why, args: { units: run } } as const]),
    ...paths.map((path): Action => ({ do: "removeFile", why, args: { path } })),
    { do: "reloadUnits", why: "unit files are gone", args: {} },
  ];
}
