import type { Place } from "../../../engine/state/state.ts";
import type { SshKeyType } from "./ssh-key.ts";

declare module "../../../engine/action.ts" {
  interface ActionArgs {
    renewSshKey: { type: SshKeyType };
    installPackages: { packages: readonly string[] };
    makeUsers: { path: string };
    rememberHost: { files: readonly string[] };
    generateLocale: { locale: string };
    rememberInstance: { machineId: string; place?: Place };
    removeUsers: { users: readonly string[]; groups: readonly string[] };
    removePackages: { packages: readonly string[]; purge: boolean };
    removeLocale: { locale: string };
    forgetHost: Record<string, never>;
  }
}
