import type { Beside } from "../../apt/open-apt.ts";
import type { DownloadedInputs } from "../downloaded/downloaded.ts";
import type { RelocatedInputs } from "../relocated/relocated.ts";

/** Packages of a base that come from elsewhere than its own archive. */
export interface OtherPackages {
  /** The component whose they are. */
  readonly component: string;
  /** Name → version. */
  readonly versions: Readonly<Record<string, string>>;
  /** The apt repositories that they come from. */
  readonly repositories?: Beside;
  /** What has to be made before the base: a layer that is a repository, and no part of a template. */
  readonly made?: MadeRepository;
}

export type MadeRepository =
  | { readonly name: "relocated"; readonly inputs: RelocatedInputs }
  | { readonly name: "downloaded"; readonly inputs: DownloadedInputs };
