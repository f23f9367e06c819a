import { cutDamaged, setAsideDamaged } from "../actions/damaged-files.ts";
import { linkFile, makeDirectory, writeFile } from "../actions/files.ts";
import { rememberInstance } from "../actions/instance.ts";
import { generateLocale, removeLocale } from "../actions/locale.ts";
import { ownData } from "../actions/own-data.ts";
import { installPackages } from "../actions/packages.ts";
import { forgetHost, rememberHost } from "../actions/remember-host.ts";
import { removeFile, removeFolders, removeTree } from "../actions/remove-files.ts";
import { removePackages } from "../actions/remove-packages.ts";
import { makeSecret, renewSecret } from "../actions/secrets.ts";
import { renewSshKey } from "../actions/ssh-key.ts";
import {
  disableUnits,
  enableUnits,
  maskUnits,
  reloadUnits,
  restartUnits,
  startUnits,
  stopUnits,
  unmaskUnits,
} from "../actions/units.ts";
import { makeUsers, removeUsers } from "../actions/users.ts";
import { makeVenv } from "../actions/venv.ts";
import type { Executors } from "../engine/action.ts";
import { dataExecutors } from "../stages/executors.ts";

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
