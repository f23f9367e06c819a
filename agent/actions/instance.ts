import type { Executors } from "../engine/action.ts";
import { readState, writeState } from "../state/state.ts";

export const rememberInstance: Executors["rememberInstance"] = {
  describe: ({ machineId }) => machineId,
  async apply({ machineId }, io) {
    const state = await readState(io.paths.state);
    const copiedFrom = state.machineId === undefined ? state.copiedFrom : [...state.copiedFrom, state.machineId];
    await writeState(io.paths.state, { ...state, machineId, copiedFrom });
  },
};
