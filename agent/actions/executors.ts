import type { Executors } from "../engine/action.ts";
import { dataExecutors } from "../stages/executors.ts";
import { cutDamaged, setAsideDamaged } from "./damaged-files.ts";
import { linkFile, makeDirectory, writeFile } from "./files.ts";
import { rememberInstance } from "./instance.ts";
import { generateLocale, removeLocale } from "./locale.ts";
import { ownData } from "./own-data.ts";
import { installPackages } from "./packages.ts";
import { forgetHost, rememberHost } from "./remember-host.ts";
import { removeFile, removeFolders, removeTree } from "./remove-files.ts";
import { removePackages } from "./remove-packages.ts";
import { makeSecret, renewSecret } from "./secrets.ts";
import { renewSshKey } from "./ssh-key.ts";
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
import { makeUsers, removeUsers } from "./users.ts";
import { makeVenv } from "./venv.ts";

/** How every action is carried out. Those of one server only are beside its stage. */
export const executors: Executors = {
  makeSecret,
  renewSecret,
  renewSshKey,
  installPackages,
  makeUsers,
  rememberHost,
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
  generateLocale,
  makeVenv,
  rememberInstance,
  stopUnits,
  unmaskUnits,
  removeFile,
  removeFolders,
  removeTree,
  removeUsers,
  removePackages,
  removeLocale,
  forgetHost,
  ownData,
  ...dataExecutors,
};
