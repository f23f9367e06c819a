import { randomBytes } from "node:crypto";
import { StackError } from "../../lib/error.ts";
import type { Progress } from "../../lib/progress/progress.ts";
import { tail } from "../../lib/run.ts";
import { type ReleaseChangeDocument, releaseChangeDocument } from "../../stack/documents/releases.ts";
import { agentsError, jsonOf } from "../host/agents-error.ts";
import { sendingFolder } from "../host/host-facts.ts";
import type { ExecOptions, ExecResult } from "../ssh/exec-over.ts";
import type { PackedService } from "./pack-service.ts";

/** Where commands are run as root: a node, or the machine itself that the stack is on. */
export interface Shell {
  readonly where: string;
  exec(argv: readonly string[], options?: Omit<ExecOptions, "stdin">): Promise<ExecResult>;
  execWithFile(
    file: { readonly path: string; readonly remote: string; readonly bytes: number },
    argv: readonly string[],
    options?: Pick<ExecOptions, "onLine">,
  ): Promise<ExecResult>;
}

export interface ShipOptions {
  readonly shell: Shell;
  /** The container on the node; undefined: the shell is in it. */
  readonly vmid?: number | undefined;
  readonly service: string;
  readonly packed: PackedService;
  /** Of a service that the definition there has not: it is added. */
  readonly port?: number | undefined;
  /** Seconds that the release may take to be healthy. */
  readonly patience: number;
  readonly progress: Progress;
}

/**
 * Ships a service's release: sends it, and has the agent there put it in force. What the agent says is said
 * here, a release that was taken back with what it wrote to its journal.
 *
 * @throws StackError the agent's own; `not-running`, `no-agent`, `push-failed`, `agent-failed`; of the connection
 */
export async function shipService(options: ShipOptions): Promise<ReleaseChangeDocument> {
  const { shell, vmid, service, packed, port, patience, progress } = options;
  if (vmid !== undefined) await refuseStopped(shell, vmid);
  const remote = `${sendingFolder}/deploy-service-${randomBytes(8).toString("hex")}.tar.gz`;
  const inside = [
    "sh",
    "-c",
    unpackAndDeploy,
    "sh",
    remote,
    service,
    packed.name,
    String(patience),
    String(port ?? ""),
  ];
  const argv = vmid === undefined ? inside : ["sh", "-c", pushAndRun, "sh", String(vmid), remote, ...inside];
  const answer = await progress.step("deploy", `deploying ${service} on ${shell.where}`, () =>
    shell.execWithFile({ path: packed.path, remote, bytes: packed.bytes }, argv, {
      onLine: (line, stream) => {
        if (stream === "stderr") progress.log("debug", line);
      },
    }),
  );
  const document = releaseChangeDocument.safeParse(jsonOf(answer.stdout));
  if (document.success) return document.data;
  throw told(answer, options, `${service} was not deployed`);
}

/** The script's own exit codes, of none of the agent's. */
export const [notPushed, noAgent] = [97, 98];

/** In the container, or on the host itself. The archive goes whatever happens. */
const unpackAndDeploy = `set -eu
archive=$1 service=$2 name=$3 patience=$4 port=$5
folder=$(mktemp -d /var/tmp/deploy-service.XXXXXX)
trap 'rm -rf -- "$folder" "$archive"' EXIT
command -v stack-agent >/dev/null || exit ${noAgent}
tar -xzf "$archive" -C "$folder" --no-same-owner
mkdir -p "$folder/service" "$folder/from"
mv -- "$folder/service" "$folder/from/$name"
set -- deploy "$service" "$folder/from/$name" --timeout "$patience" --json
[ -z "$port" ] || set -- "$@" --port "$port"
[ ! -d "$folder/wheels" ] || set -- "$@" --wheels "$folder/wheels"
stack-agent service "$@"`;

/** On the node: the container's root gets the archive, and its own way to run the rest. */
export const pushAndRun = `vmid=$1 file=$2
shift 2
pct push "$vmid" "$file" "$file" --perms 600 >&2 || exit ${notPushed}
exec pct exec "$vmid" -- "$@"`;

/** @throws StackError `not-running` */
export async function refuseStopped(shell: Shell, vmid: number): Promise<void> {
  const { stdout, stderr, code } = await shell.exec(["pct", "status", String(vmid)]);
  if (code === 0 && /^status: running$/m.test(stdout)) return;
  const hint = code === 0 ? `pct start ${vmid} on the node` : "--vmid names the container of the stack";
  throw new StackError("not-running", `container ${vmid} on ${shell.where} is not running`, {
    hint,
    detail: tail(stdout + stderr),
  });
}

/** Why a script of ours did not do its work. @param otherwise where the agent doesn't say it */
export function told(
  answer: ExecResult,
  { shell, vmid }: Pick<ShipOptions, "shell" | "vmid">,
  otherwise: string,
): StackError {
  const where = vmid === undefined ? shell.where : `container ${vmid} on ${shell.where}`;
  if (answer.code === notPushed) {
    return new StackError("push-failed", `the archive can't be put into ${where}`, { detail: tail(answer.stderr) });
  }
  if (answer.code === noAgent) {
    return new StackError("no-agent", `there is no stack-agent in ${where}`, {
      hint: "it must be of a template or a package of build-template's",
    });
  }
  return agentsError(answer, otherwise);
}
