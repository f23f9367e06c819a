import type { Executors } from "../../../engine/action.ts";
import { generateLocale, removeLocale } from "./locale.ts";
import { installPackages } from "./packages.ts";
import { forgetHost, rememberHost } from "./remember-host.ts";
import { rememberInstance } from "./remember-instance.ts";
import { removePackages } from "./remove-packages.ts";
import { renewSshKey } from "./ssh-key.ts";
import { systemStage } from "./stage.ts";
import { makeUsers, removeUsers } from "./users.ts";

export const stages = { system: systemStage };

export const executors = {
  renewSshKey,
  installPackages,
  makeUsers,
  rememberHost,
  generateLocale,
  rememberInstance,
  removeUsers,
  removePackages,
  removeLocale,
  forgetHost,
} satisfies Partial<Executors>;
