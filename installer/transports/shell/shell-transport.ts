import { randomBytes } from "node:crypto";
import { dirname } from "node:path";
import { isStackError, StackError } from "../../../lib/error.ts";
import type { ExecResult } from "../../ssh/exec-over.ts";
import type { NodeShell } from "../node-shell.ts";
import type { Transport, Upload } from "../transport.ts";
import { beginTask } from "./begin-task.ts";
import { pveshAnswer, pveshCall } from "./pvesh-call.ts";

/** Milliseconds for a request that only looks. */
const patience = 120_000;
/** Milliseconds that a worker is watched at the most; who asked for it gives it up before. */
const longest = 7 * 24 * 3_600_000;

/** A node's API by its own commands: requests are pvesh's, files go where pvesm says. */
export function shellTransport(shell: NodeShell): Transport {
  const { where } = shell;
  const look = async (what: string, argv: readonly string[]): Promise<unknown> => {
    try {
      return pveshAnswer(what, await shell.exec(argv, { timeout: patience }));
    } catch (error) {
      if (isStackError(error) && (error.code === "connection-lost" || error.code === "timeout")) {
        throw new StackError("node-unreachable", `${where} does not answer: ${error.message}`, { cause: error });
      }
      throw error;
    }
  };
  return {
    way: shell.way,
    where,
    user: "root@pam",
    request: async (method, path, parameters = {}) => {
      const upper = method.toUpperCase();
      const argv = pveshCall(upper, path, parameters);
      const what = `${upper} ${path.replace(/^\/api2\/json/, "")}`;
      return upper === "GET" ? look(what, argv) : write(shell, what, argv);
    },
    upload: async (upload) => {
      await receive(shell, upload);
      return undefined;
    },
    checksum: async ({ storage, name }) => {
      const volume = `${storage}:vztmpl/${name}`;
      const { stdout } = await shell.exec(["sh", "-c", sumOf, "sh", volume], { timeout: longest });
      return /^[0-9a-f]{64}/.exec(stdout)?.[0];
    },
    close: async () => shell.close(),
  };
}

/** @returns the task as soon as it is known, else the answer */
async function write(shell: NodeShell, what: string, argv: readonly string[]): Promise<unknown> {
  const begun = Promise.withResolvers<string>();
  const ended = shell.exec(beginTask(argv), {
    timeout: longest,
    onLine: (line, stream) => {
      if (stream === "stdout" && line.startsWith("UPID:")) begun.resolve(line);
    },
  });
  const answered = ended.then((result) => pveshAnswer(what, result));
  // Once the task is known, what becomes of the watching is nobody's concern.
  answered.catch(() => {});
  try {
    return await Promise.race([begun.promise, answered]);
  } catch (error) {
    if (isStackError(error) && error.code === "connection-lost") {
      throw new StackError("answer-lost", `${shell.where} took a request and gave no answer to it`, {
        cause: error,
        hint: "run the same command again: it looks first what was done",
      });
    }
    throw error;
  }
}

/** Of a file that is there. */
const sumOf = `path=$(pvesm path "$1") && sha256sum <"$path"`;

/** The storage's file appears whole and checked, or not at all. */
const settle = `sum=$(sha256sum <"$1") || exit 1
sum=\${sum%% *}
[ "$sum" = "$2" ] || { echo "checksum mismatch: got '$sum' != expect '$2'" >&2; exit 1; }
chmod 644 -- "$1" && mv -f -- "$1" "$3"`;

/** Looked at before a byte is sent: SFTP can't tell a full disk from any other failure. */
const makeRoom = `mkdir -p -- "$1" || exit 1
free=$(df --output=avail -B1 -- "$1" | tail -n 1)
[ "$free" -ge "$2" ] || { echo "No space left on device: $free bytes free in $1" >&2; exit 1; }`;

async function receive(shell: NodeShell, upload: Upload): Promise<void> {
  const { storage, path, name, bytes, sha256, onProgress } = upload;
  const place = (await failing(shell.exec(["pvesm", "path", `${storage}:vztmpl/${name}`]))).stdout.trim();
  const folder = dirname(place);
  // No name that Proxmox lists.
  const remote = `${folder}/.${name}.${randomBytes(4).toString("hex")}.part`;
  await failing(shell.exec(["sh", "-c", makeRoom, "sh", folder, String(bytes)]));
  await failing(
    shell.execWithFile({ path, remote, bytes, onProgress }, ["sh", "-c", settle, "sh", remote, sha256, place]),
  );
}

async function failing(running: Promise<ExecResult>): Promise<ExecResult> {
  const result = await running.catch((error: unknown) => {
    throw told(error);
  });
  if (result.code === 0) return result;
  const said = result.stderr.trim().split("\n");
  throw new StackError("task-failed", `checking the upload failed: ${said.at(-1)}`, { detail: said });
}

/** What goes wrong with a connection, in the words of an upload. */
function told(error: unknown): unknown {
  if (!isStackError(error)) return error;
  const code = uploadCodes[error.code];
  if (code === undefined) return error;
  const hint = "run the same command again: what the node has of the file counts for nothing";
  return new StackError(code, error.message, { hint, cause: error.cause });
}

const uploadCodes: Readonly<Record<string, string>> = {
  "connection-lost": "upload-cut",
  "put-stalled": "upload-stalled",
  "put-failed": "task-failed",
};
