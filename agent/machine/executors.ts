import { makeVenv } from "../../components/services/agent/venv.ts";
import { rememberInstance } from "../../components/system/agent/instance.ts";
import { generateLocale, removeLocale } from "../../components/system/agent/locale.ts";
import { installPackages } from "../../components/system/agent/packages.ts";
import { forgetHost, rememberHost } from "../../components/system/agent/remember-host.ts";
import { removePackages } from "../../components/system/agent/remove-packages.ts";
import { renewSshKey } from "../../components/system/agent/ssh-key.ts";
import { makeUsers, removeUsers } from "../../components/system/agent/users.ts";
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
