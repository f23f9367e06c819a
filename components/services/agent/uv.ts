import { isStackError, StackError } from "../../../lib/error.ts";
import { exists } from "../../../lib/files.ts";
import type { Run, RunOptions } from "../../../lib/run.ts";
import { agentCache } from "../../../stack/machine-paths.ts";

const TIMEOUT = 15 * 60_000;

/** A system unit has no HOME; services read their venv from a read-only file system, byte code and all. */
const environment = {
  UV_CACHE_DIR: `${agentCache}/uv`,
  UV_PYTHON_DOWNLOADS: "never",
  UV_NO_PROGRESS: "1",
  UV_COMPILE_BYTECODE: "1",
  PYC_INVALIDATION_MODE: "UNCHECKED_HASH",
} as const;

/** Where the .deb has uv; the template has it in /usr/local/bin. */
const uvFolder = "/usr/lib/stack-agent";

/** The host's own authorities: a proxy that inspects TLS signs with one of them. */
const certificates = "/etc/ssl/certs/ca-certificates.crt";

/** How uv is run: its cache, no Python but Debian's, the host's certificates. */
export async function uvOptions(signal?: AbortSignal): Promise<RunOptions> {
  const env = {
    ...((await exists(certificates)) && { SSL_CERT_FILE: certificates }),
    ...process.env,
    ...environment,
    PATH: `${process.env.PATH}:${uvFolder}`,
  };
  return {
    signal,
    install: "python3 -m pip install uv, or put uv's binary into /usr/local/bin",
    timeout: TIMEOUT,
    env,
  };
}

export interface InstallOptions {
  readonly run: Run;
  readonly options: RunOptions;
  /** A folder with wheels, in the place of the package index. */
  readonly wheels?: string | undefined;
}

/**
 * Installs what a lock says into an environment, each file of the hash that the lock has.
 *
 * @throws StackError `no-wheels` (there is no such folder), `wheel-missing`, `no-index` (it can't be reached),
 *   `wrong-hash`, `not-installed`; where the disk is full as the command failed
 */
export async function installEnvironment(python: string, lock: string, install: InstallOptions): Promise<void> {
  const { run, options, wheels } = install;
  if (wheels !== undefined && !(await exists(wheels))) {
    throw new StackError("no-wheels", `there is no folder ${wheels}`, {
      hint: "--wheels names a folder with .whl files",
    });
  }
  const from = wheels === undefined ? [] : ["--offline", "--no-index", "--find-links", wheels];
  const sync = ["pip", "sync", "--quiet", "--require-hashes", ...from, "--python", python, lock];
  await run("uv", sync, options).catch((error: unknown) => {
    throw explained(error, wheels);
  });
}

function explained(error: unknown, wheels: string | undefined): unknown {
  if (!isStackError(error) || error.code !== "command-failed") return error;
  const said = error.detail.join("\n");
  if (/no space left|os error 28/i.test(said)) return error;
  const fault = (code: string, message: string, hint: string): StackError =>
    new StackError(code, message, { detail: error.detail, hint });
  const download =
    "on a machine with a network: pip download --require-hashes --only-binary=:all: -d WHEELS -r requirements.lock";
  if (/hash mismatch/i.test(said)) {
    return fault(
      "wrong-hash",
      "a package is not the file that requirements.lock means",
      "make the lock anew, and look at what changed",
    );
  }
  if (wheels !== undefined && /not found|no solution|unsatisfiable|no wheels|not in the|offline/i.test(said)) {
    return fault("wheel-missing", `${wheels} does not have every package of requirements.lock`, download);
  }
  if (/failed to fetch|error sending request|dns error|connect|timed out|tunnel|certificate/i.test(said)) {
    return fault(
      "no-index",
      "the package index can't be reached",
      `UV_DEFAULT_INDEX names another one; without a network give the packages along, by --wheels FOLDER; ${download}`,
    );
  }
  return fault("not-installed", "the packages of requirements.lock can't be installed", "what uv says is above");
}
