import type { Executors } from "../../engine/action.ts";
import { cutDamaged, setAsideDamaged } from "../../engine/actions/damaged-files.ts";
import { linkFile, makeDirectory, writeFile } from "../../engine/actions/files.ts";
import { ownData } from "../../engine/actions/own-data.ts";
import { removeFile, removeFolders, removeTree } from "../../engine/actions/remove-files.ts";
import { makeSecret, renewSecret } from "../../engine/actions/secrets.ts";
import {
  disableUnits,
  enableUnits,
  maskUnits,
  reloadUnits,
  restartUnits,
  startUnits,
  stopUnits,
  unmaskUnits,
} from "../../engine/actions/units.ts";
import { rememberInstance } from "../actions/instance.ts";
import { generateLocale, removeLocale } from "../actions/locale.ts";
import { installPackages } from "../actions/packages.ts";
import { forgetHost, rememberHost } from "../actions/remember-host.ts";
import { removePackages } from "../actions/remove-packages.ts";
import { renewSshKey } from "../actions/ssh-key.ts";
import { makeUsers, removeUsers } from "../actions/users.ts";
import { makeVenv } from "../actions/venv.ts";
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
