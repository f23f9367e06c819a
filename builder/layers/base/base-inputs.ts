import type { Beside } from "../../apt/open-apt.ts";
import type { Inputs } from "../../cache/layer-key.ts";
import type { AccountLines } from "./packaged-accounts.ts";

/** All that the base layer is made from. */
export interface BaseInputs extends Inputs {
  readonly code: string;
  /** Debian's archives and, of every package, the version they have. */
  readonly sources: readonly { readonly uri: string; readonly suite: string }[];
  readonly versions: Readonly<Record<string, string>>;
  /** Names of those that are in no archive, but made here. */
  readonly local: readonly string[];
  /** Versions of this machine's programs that make it. */
  readonly tools: { readonly mmdebstrap: string; readonly tar: string };
  /** Others' repositories, by the component whose packages come from there. They stay in the template: updates come from there. */
  readonly repositories: Readonly<Record<string, Beside>>;
  /** Keys of the layers that packages come from, where that is no archive. */
  readonly made: readonly string[];
  readonly suite: string;
  readonly architecture: string;
  readonly packages: readonly string[];
  readonly locale: string;
  readonly timezone: string;
  readonly sysusers: string;
  /** Packages' accounts, which are there before the packages. */
  readonly accounts: AccountLines;
  /** Files that must be there before the first package is unpacked. */
  readonly beforePackages: readonly { readonly path: string; readonly text: string }[];
  readonly disabled: readonly string[];
  /** What components' packages make of this machine. */
  readonly identities: readonly string[];
  readonly excluded: readonly string[];
  readonly scripts: Scripts;
  readonly epoch: number;
}

export const scripts = ["setup.sh", "accounts.sh", "customize.sh", "sanitise.sh"] as const;

export type Scripts = Readonly<Record<(typeof scripts)[number], string>>;
