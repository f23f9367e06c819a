import type { Executors } from "../engine/action.ts";
import { dataExecutors } from "../stages/executors.ts";
import { linkFile, makeDirectory, writeFile } from "./files.ts";
import { rememberInstance } from "./instance.ts";
import { generateLocale } from "./locale.ts";
import { installPackages } from "./packages.ts";
import { rememberHost } from "./remember-host.ts";
import { makeSecret, renewSecret } from "./secrets.ts";
import { renewSshKey } from "./ssh-key.ts";
import { disableUnits, enableUnits, maskUnits, reloadUnits, restartUnits, startUnits } from "./units.ts";
import { makeUsers } from "./users.ts";
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
  generateLocale,
  makeVenv,
  rememberInstance,
  ...dataExecutors,
};
