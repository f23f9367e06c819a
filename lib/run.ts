import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { isErrno, StackError } from "./error.ts";

export interface RunOptions {
  /** Milliseconds until the command is killed. Default 60 000. */
  readonly timeout?: number;
  readonly signal?: AbortSignal | undefined;
  readonly cwd?: string;
  /** The whole environment of the command; default: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Written to standard input, which is then closed. Default: nothing. */
  readonly input?: string | Buffer;
  /** A file opened by this process and given as standard input; not together with `input`. */
  readonly inputFile?: string;
  /** Called with each complete line of output as it comes. */
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
  /** Exit codes that are answers, not failures. Default [0]. */
  readonly accept?: readonly number[];
  /** Open file descriptors the command gets as its 3, 4, … */
  readonly fds?: readonly number[];
  /** Keeps the terminal, so that the command may ask for a passphrase there; only itself is then ended, not its group. */
  readonly terminal?: boolean;
  /** The command that installs this tool, for the hint when it is missing. */
  readonly install?: string;
}

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** How a command is run: what functions that run commands take as an argument. */
export type Run = (command: string, args: readonly string[], options?: RunOptions) => Promise<RunResult>;

const KILL_AFTER_TERM = 5_000;
const TAIL_LINES = 20;
const MAX_OUTPUT = 64 * 1024 * 1024;

/**
 * Runs a program without a shell and waits for it. Its whole process group is ended
 * (SIGTERM, then SIGKILL after 5 s) at the deadline or when the signal aborts.
 *
 * @throws StackError `missing-tool` (no such program), `timeout`, `aborted`,
 *   `command-failed` (exit code not accepted; `detail` has the last 20 lines).
 */
export const run: Run = (command, args, options = {}) =>
  new Promise((resolve, reject) => {
    const accept = options.accept ?? [0];
    const timeout = options.timeout ?? 60_000;
    if (options.signal?.aborted) {
      reject(aborted(command, options.signal));
      return;
    }
    const file = options.inputFile === undefined ? undefined : openSync(options.inputFile, "r");
    const child = spawn(command, [...args], {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: [file ?? (options.input === undefined ? "ignore" : "pipe"), "pipe", "pipe", ...(options.fds ?? [])],
      detached: options.terminal !== true,
    });
    if (file !== undefined) closeSync(file);
    let ended: StackError | undefined;
    let killer: NodeJS.Timeout | undefined;
    const kill = (signal: NodeJS.Signals): void => {
      if (options.terminal === true) child.kill(signal);
      else signalGroup(child.pid, signal);
    };
    const end = (why: StackError): void => {
      ended ??= why;
      kill("SIGTERM");
      killer ??= setTimeout(() => kill("SIGKILL"), KILL_AFTER_TERM);
    };
    const deadline = setTimeout(() => {
      end(
        new StackError("timeout", `${command} did not end within ${timeout / 1000} s`, {
          detail: tail(stdout.text() + stderr.text()),
        }),
      );
    }, timeout);
    const onAbort = (): void => end(aborted(command, options.signal));
    options.signal?.addEventListener("abort", onAbort, { once: true });
    const stdout = collect(child.stdout, (line) => options.onLine?.(line, "stdout"));
    const stderr = collect(child.stderr, (line) => options.onLine?.(line, "stderr"));
    // EPIPE: the command ended without reading its input; its exit code tells.
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input);
    const settle = (): void => {
      clearTimeout(deadline);
      clearTimeout(killer);
      options.signal?.removeEventListener("abort", onAbort);
    };
    child.once("error", (error) => {
      settle();
      reject(startError(command, error, options.install));
    });
    child.once("close", (code, signal) => {
      settle();
      const exit = code ?? 128;
      if (ended !== undefined) reject(ended);
      else if (signal === null && accept.includes(exit)) {
        resolve({ stdout: stdout.text(), stderr: stderr.text(), code: exit });
      } else {
        const how = signal === null ? `exit code ${exit}` : `signal ${signal}`;
        const lines = tail(stderr.text() || stdout.text());
        reject(new StackError("command-failed", `${commandLine(command, args)} ended with ${how}`, { detail: lines }));
      }
    });
  });

/** A command as one would type it, for messages. */
export function commandLine(command: string, args: readonly string[]): string {
  const text = [command, ...args]
    .map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : JSON.stringify(word)))
    .join(" ");
  return text.length <= 300 ? text : `${text.slice(0, 297)}...`;
}

/** The last lines of a text, empty ones left out. */
export function tail(text: string, lines = TAIL_LINES): string[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .slice(-lines);
}

function collect(stream: NodeJS.ReadableStream | null, onLine: (line: string) => void): { text: () => string } {
  const chunks: string[] = [];
  let size = 0;
  let rest = "";
  stream?.setEncoding("utf8");
  stream?.on("data", (chunk: string) => {
    size += chunk.length;
    chunks.push(chunk);
    while (size > MAX_OUTPUT && chunks.length > 1) size -= chunks.shift()?.length ?? 0;
    const parts = (rest + chunk).split(/\r?\n|\r/);
    rest = parts.pop() ?? "";
    for (const line of parts) onLine(line);
  });
  stream?.on("end", () => {
    if (rest !== "") onLine(rest);
  });
  return { text: () => chunks.join("") };
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!isErrno(error, "ESRCH", "EPERM")) throw error;
  }
}

function aborted(command: string, signal: AbortSignal | undefined): StackError {
  return new StackError("aborted", `${command} was stopped`, { cause: signal?.reason, exit: 130 });
}

function startError(command: string, error: Error, install: string | undefined): StackError {
  if (!isErrno(error, "ENOENT"))
    return new StackError("command-failed", `${command} could not be started`, { cause: error });
  return new StackError("missing-tool", `${command} is not installed`, {
    hint: install ?? `install the package that holds ${command}`,
  });
}
