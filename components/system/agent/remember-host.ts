import { cp, mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Executors } from "../../../engine/action.ts";
import { type HostRecord, originalPath, readState, writeState } from "../../../engine/state/state.ts";

/** The first action on a machine that is not of the template. From here on what is there is known to be ours. */
export const rememberHost: Executors["rememberHost"] = {
  describe: ({ files }) => files.join(" "),
  async apply({ files }, io) {
    for (const path of files) {
      const kept = originalPath(io.paths.state, path);
      await mkdir(dirname(kept), { recursive: true, mode: 0o700 });
      await cp(path, kept, { preserveTimestamps: true, verbatimSymlinks: true });
    }
    const state = await readState(io.paths.state);
    const packages = state.host?.packages ?? [];
    const host = { at: new Date().toISOString(), files: [...files], packages };
    await writeState(io.paths.state, { ...state, host });
  },
};

/** After a reset that keeps the data: its packages may have left configuration, which a later one takes too. */
export const forgetHost: Executors["forgetHost"] = {
  describe: () => "",
  async apply(_, io) {
    await rm(join(io.paths.state, "originals"), { recursive: true, force: true });
    await rememberOnHost(io.paths.state, () => ({ files: [], reset: new Date().toISOString() }));
  },
};

/** Adds to what is remembered of such a machine; does nothing in a container of the template. */
export async function rememberOnHost(
  stateDirectory: string,
  change: (host: HostRecord) => { readonly [K in keyof HostRecord]?: HostRecord[K] | undefined },
): Promise<void> {
  const state = await readState(stateDirectory);
  if (state.host === undefined) return;
  const changed = Object.entries({ ...state.host, ...change(state.host) });
  const host = Object.fromEntries(changed.filter(([, value]) => value !== undefined)) as HostRecord;
  await writeState(stateDirectory, { ...state, host });
}
