import type { Executors } from "../action.ts";
import { linkFile, makeDirectory, writeFile } from "./files.ts";
import { ownData } from "./own-data.ts";
import { removeFile, removeFolders, removeTree } from "./remove-files.ts";
import { makeSecret, renewSecret } from "./secrets.ts";
import { cutDamaged, setAsideDamaged } from "./set-aside-damaged.ts";
import {
  disableUnits,
  enableUnits,
  maskUnits,
  reloadUnits,
  restartUnits,
  startUnits,
  stopUnits,
  unmaskUnits,
} from "./units.ts";

/** How any stage's actions are carried out; what a component's own do, its own folder says. */
export const commonExecutors = {
  makeSecret,
  renewSecret,
  makeDirectory,
  writeFile,
  linkFile,
  reloadUnits,
  enableUnits,
  disableUnits,
  maskUnits,
  startUnits,
  restartUnits,
  setAside: setAsideDamaged,
  cutFile: cutDamaged,
  stopUnits,
  unmaskUnits,
  removeFile,
  removeFolders,
  removeTree,
  ownData,
} satisfies Partial<Executors>;
