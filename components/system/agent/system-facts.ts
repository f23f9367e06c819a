import type { ComponentFacts } from "../../../engine/plan/plan-files.ts";
import type { Place } from "../../../engine/state/state.ts";
import type { SecretName } from "../../../stack/model.ts";
import type { BareHostFacts } from "./bare-host.ts";
import type { SshKeyType } from "./ssh-key.ts";

export interface SystemFacts {
  /** Debian's version, e.g. "12.8"; undefined where it is not Debian. */
  readonly debian: string | undefined;
  readonly memory: number;
  /** Packages that are not installed. */
  readonly packages: readonly string[];
  /** Users and groups that are not there. */
  readonly accounts: readonly string[];
  readonly locale: boolean;
  /** Secrets that are not there, or whose file has another mode or owner. */
  readonly secrets: readonly SecretName[];
  /** Those of them that are not there. */
  readonly lostSecrets: readonly SecretName[];
  /** Of a machine that is not of the template; undefined in a container of it. */
  readonly bare: BareHostFacts | undefined;
  readonly machineId: string | undefined;
  /** The machine the state was written on. */
  readonly knownMachineId: string | undefined;
  /** Where this container runs, and where it did when it last noted that. */
  readonly place: Place | undefined;
  readonly knownPlace: Place | undefined;
  /** Types of the SSH host keys that are there. */
  readonly sshKeys: readonly SshKeyType[];
  /** What of the agent's own memory is there. */
  readonly own: { readonly state: boolean; readonly run: boolean; readonly cache: boolean };
  /** Unit files of jobs that are not declared any more. */
  readonly leftJobs: readonly string[];
  /** Of the components system and agent. */
  readonly components: readonly ComponentFacts[];
  /** Files that must be there before packages are installed, of any component. */
  readonly early: ComponentFacts["files"];
}
