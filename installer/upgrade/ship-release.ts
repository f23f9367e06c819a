import { randomBytes } from "node:crypto";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { ExitCode, StackError } from "../../lib/error.ts";
import type { Progress } from "../../lib/progress/progress.ts";
import { type UpgradeDocument, upgradeDocument } from "../../stack/documents/stack-release.ts";
import { jsonOf } from "../host/agents-error.ts";
import { sendingFolder } from "../host/host-facts.ts";
import { noAgent, pushAndRun, refuseStopped, type Shell, told } from "../service/ship-service.ts";

export interface ShipReleaseOptions {
  readonly shell: Shell;
  /** The container on the node; undefined: the shell is in it. */
  readonly vmid?: number | undefined;
  readonly file: string;
  /** Options of `stack-agent upgrade`. */
  readonly options: readonly string[];
  readonly progress: Progress;
}

/**
 * Sends a release into a container, and has the agent there put it in force, or plan it.
 *
 * @throws StackError the agent's own; `no-package` (64), `not-running`, `no-agent`, `push-failed`, `agent-failed`;
 *   of the connection
 */
export async function shipRelease(asked: ShipReleaseOptions): Promise<UpgradeDocument> {
  const { shell, vmid, file, options, progress } = asked;
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true) {
    throw new StackError("no-package", `there is no file ${file}`, {
      hint: "build-template release makes one",
      exit: ExitCode.usage,
    });
  }
  if (vmid !== undefined) await refuseStopped(shell, vmid);
  const remote = `${sendingFolder}/upgrade-${randomBytes(8).toString("hex")}.stack-release`;
  const inside = ["sh", "-c", runUpgrade, "sh", remote, ...options];
  const argv = vmid === undefined ? inside : ["sh", "-c", pushAndRun, "sh", String(vmid), remote, ...inside];
  const answer = await progress.step("upgrade", `${basename(file)} on ${shell.where}`, () =>
    shell.execWithFile({ path: file, remote, bytes: found.size }, argv, {
      onLine: (line, stream) => {
        if (stream === "stderr") progress.log("debug", line);
      },
    }),
  );
  const document = upgradeDocument.safeParse(jsonOf(answer.stdout));
  if (document.success) return document.data;
  throw told(answer, asked, "the stack was not upgraded");
}

/** In the container. The file goes whatever happens: the release lies beside the others by then. */
const runUpgrade = `set -eu
file=$1
shift
trap 'rm -f -- "$file"' EXIT
command -v stack-agent >/dev/null || exit ${noAgent}
stack-agent upgrade "$file" "$@" --json`;
