import type { HostTool } from "../../../lib/apt/host-tools.ts";
import { isStackError, StackError } from "../../../lib/error.ts";
import { outputOf } from "../../output-of.ts";

/** What makes a package, and reads it. */
export const dpkgDeb: HostTool = { command: "dpkg-deb", package: "dpkg" };

/** One of the two tars of a package (deb(5)), decompressed by dpkg-deb. @throws StackError `damaged` */
export async function* archiveIn(
  file: string,
  which: "--ctrl-tarfile" | "--fsys-tarfile",
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  try {
    yield* outputOf(["dpkg-deb", which, file], signal);
  } catch (error) {
    if (!isStackError(error) || error.code !== "command-failed") throw error;
    throw new StackError("damaged", error.detail.at(-1) ?? error.message, { cause: error });
  }
}
