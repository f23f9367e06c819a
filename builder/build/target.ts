import type { Option } from "commander";
import type { HostTool } from "../../lib/apt/host-tools.ts";
import type { Progress } from "../../lib/progress/progress.ts";
import type { StoredLayer } from "../cache/stored-layer.ts";
import type { BuildContext } from "../context.ts";
import type { VerifyOptions, VerifyReport } from "../verify/report.ts";
import type { MadeLayers } from "./make-layers.ts";

/**
 * A form in which a stack is delivered: the folder targets/NAME and a line in targets/index.ts. A
 * target knows the layers and no other target; nothing else knows a target by its name. Its
 * target.ts is read at every start, so what renders and verifies is imported when it is called.
 */
export interface Target<Artefacts = unknown, Flags = Readonly<Record<string, unknown>>> {
  /** As in `build-template NAME`. */
  readonly name: string;
  /** Its line in `build-template --help`. */
  readonly summary: string;
  /** What `build-template NAME --help` says before and after the options, and of `--out`. */
  readonly help: { readonly before: string; readonly after: string; readonly out: string };
  /** Options beside those that every target has, made anew for each command line. */
  readonly options?: () => readonly Option[];
  /** What holds in the place of the definition's word, or of the command line's. */
  readonly settings?: Pick<BuildContext, "debianOnly" | "withoutVenvs">;
  /** Programs that rendering needs, beside those of the layers. */
  readonly tools?: readonly HostTool[];
  /** Which of its artefacts `build-template verify` may be given, by the file's name. */
  readonly verifies: RegExp;

  /**
   * Name of the file that these layers give; nothing is written.
   *
   * @param layers the lowest first
   */
  fileName(context: BuildContext, layers: readonly StoredLayer[]): Promise<string>;
  /** Writes the artefacts to the out folder; each has its name when it is whole. @throws StackError */
  render(made: MadeLayers, progress: Progress, flags: Flags): Promise<Artefacts>;
  /** What was written, a line each, for a person. */
  summaryOf(artefacts: Artefacts): readonly string[];
  /** Looks at an artefact. A fault of it is a failed check. @throws StackError where it can't be looked at */
  verify(options: VerifyOptions): Promise<VerifyReport>;
}
