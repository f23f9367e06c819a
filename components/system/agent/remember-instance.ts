import type { Executors } from "../../../engine/action.ts";
import { readState, writeState } from "../../../engine/state/state.ts";

export const rememberInstance: Executors["rememberInstance"] = {
  describe: ({ machineId }) => machineId,
  async apply({ machineId, place }, io) {
    const { place: _, ...state } = await readState(io.paths.state);
    const original = state.machineId === machineId ? undefined : state.machineId;
    const copiedFrom = [...state.copiedFrom, ...(original === undefined ? [] : [original])];
    await writeState(io.paths.state, { ...state, machineId, ...(place && { place }), copiedFrom });
  },
};
