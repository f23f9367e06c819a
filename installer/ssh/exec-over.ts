import { Readable } from "node:stream";
import type { Client, ClientCallback, ClientChannel } from "ssh2";
import { messageOf, StackError } from "../../lib/error.ts";
import { commandLine, tail } from "../../lib/run.ts";
import { shellWords } from "../../lib/shell-words.ts";

/** A connection's client, and what became of it. */
export interface Connection {
  readonly client: Client;
  readonly where: string;
  readonly lost: () => Error | undefined;
  readonly isOpen: () => boolean;
}

export interface ExecOptions {
  /** Its standard input, closed when that has ended. Default: nothing. */
  readonly stdin?: string | Buffer | Readable;
  /** Milliseconds. Default 60 000. */
  readonly timeout?: number;
  readonly signal?: AbortSignal | undefined;
  /** Each complete line as it comes. */
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
}

export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  /** 128 and the signal's number is not told by SSH: killed is 128. */
  readonly code: number;
}

/** See Ssh.exec. */
export function execOver(connection: Connection, argv: readonly string[], options: ExecOptions): Promise<ExecResult> {
  const { client, where } = connection;
  const { signal, timeout = 60_000 } = options;
  const [command = "", ...args] = argv;
  const what = commandLine(command, args);
  return new Promise((resolve, reject) => {
    let channel: ClientChannel | undefined;
    let code: number | undefined;
    const texts = { stdout: "", stderr: "" };
    let settled = false;
    const settle = (): boolean => {
      if (settled) return false;
      settled = true;
      clearTimeout(clock);
      signal?.removeEventListener("abort", onAbort);
      client.off("close", onLost);
      return true;
    };
    const stop = (error: StackError): void => {
      if (!settle()) return;
      reject(error);
      channel?.signal("TERM");
      channel?.close();
    };
    const onAbort = (): void =>
      stop(new StackError("aborted", `${command} on ${where} was stopped`, { cause: signal?.reason, exit: 130 }));
    const onLost = (): void =>
      stop(
        new StackError("connection-lost", `the connection to ${where} was lost during ${what}`, {
          cause: connection.lost(),
          hint: "when the machine can be reached again, run the same command again",
        }),
      );
    const clock = setTimeout(() => {
      const detail = tail(texts.stdout + texts.stderr);
      stop(new StackError("timeout", `${command} on ${where} did not end within ${timeout / 1000} s`, { detail }));
    }, timeout);
    if (signal?.aborted) return onAbort();
    if (!connection.isOpen()) return onLost();
    signal?.addEventListener("abort", onAbort, { once: true });
    client.on("close", onLost);
    const onOpened: ClientCallback = (error, opened) => {
      if (error !== undefined) {
        if (!connection.isOpen()) return onLost();
        return stop(new StackError("session-refused", `${where} refuses to run ${what}: ${messageOf(error)}`));
      }
      channel = opened;
      // SSH has no way to give up waiting for a command: it ends with its session.
      if (settled) return opened.close();
      opened.on("exit", (exit: number | null) => {
        code = exit ?? 128;
      });
      opened.on("close", () => {
        if (code === undefined) return onLost();
        if (settle()) resolve({ ...texts, code });
      });
      for (const name of ["stdout", "stderr"] as const) {
        const lines = splitter((line) => options.onLine?.(line, name));
        const stream = name === "stdout" ? opened : opened.stderr;
        stream.setEncoding("utf8");
        stream.on("data", (text: string) => {
          texts[name] += text;
          lines.write(text);
        });
        stream.on("end", lines.end);
      }
      // It may end without reading all of it; its exit code tells.
      opened.on("error", () => {});
      if (options.stdin instanceof Readable) options.stdin.pipe(opened);
      else opened.end(options.stdin);
    };
    try {
      client.exec(shellWords(argv), onOpened);
    } catch {
      // Its socket is gone already; that the connection is closed comes a moment later.
      onLost();
    }
  });
}

function splitter(onLine: (line: string) => void) {
  let rest = "";
  return {
    write: (text: string): void => {
      const parts = (rest + text).split(/\r?\n/);
      rest = parts.pop() ?? "";
      for (const line of parts) onLine(line);
    },
    end: (): void => {
      if (rest !== "") onLine(rest);
      rest = "";
    },
  };
}
