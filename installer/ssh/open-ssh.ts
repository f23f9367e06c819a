import { setTimeout as sleep } from "node:timers/promises";
import ssh2, { type Client } from "ssh2";
import { isStackError, messageOf, StackError } from "../../lib/error.ts";
import { execOver } from "./exec-over.ts";
import { execWithFile } from "./exec-with-file.ts";
import { hostTrust, type SshTrust } from "./host-trust.ts";
import { loginAttempts, type SshLogin } from "./login.ts";
import { putOver } from "./put-over.ts";
import type { Ssh } from "./ssh.ts";
import { type SshAddress, sshAddressText } from "./ssh-address.ts";

export interface SshOptions extends SshAddress {
  readonly login: SshLogin;
  readonly trust: SshTrust;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds without an answer until a connection counts as lost. Default 60 000. */
  readonly patience?: number;
}

/** OpenSSH's own limit is ten at once (MaxSessions). */
const sessions = 6;
/** Milliseconds for it to notice that some of them have ended: it still counts those. */
const settling = 5000;

/**
 * Opens a connection to a SSH server that is trusted. Before it is, nothing is sent that says
 * who asks.
 *
 * @throws StackError `host-unreachable`, `untrusted-host-key`, `not-authenticated`, `no-identity`, `aborted`
 */
export async function openSsh(options: SshOptions): Promise<Ssh> {
  const { signal, patience = 60_000 } = options;
  const where = sshAddressText(options);
  const client = new ssh2.Client();
  let open = true;
  let lost: Error | undefined;
  client.on("error", (error) => {
    lost ??= error;
  });
  client.on("close", () => {
    open = false;
  });
  try {
    await connected(client, options, patience);
  } catch (error) {
    client.destroy();
    throw error;
  }
  // Small requests go at once: else each waits for an acknowledgement that is sent late.
  client.setNoDelay(true);
  const connection = { client, where, lost: () => lost, isOpen: () => open };
  const turn = turns(sessions);
  const exec: Ssh["exec"] = (argv, more = {}) =>
    turn(() => settled(() => execOver(connection, argv, { signal, ...more })));
  const put: Ssh["put"] = (path, remote, more = {}) =>
    turn(() => settled(() => putOver(connection, path, remote, { signal, patience, ...more })));
  return {
    where,
    isOpen: () => open,
    exec,
    put,
    execWithFile: (file, argv, more = {}) => execWithFile({ exec, put }, file, argv, { signal, ...more }),
    close: () => {
      client.end();
      // A server that is gone says no farewell.
      client.destroy();
    },
  };
}

async function connected(client: Client, options: SshOptions, patience: number): Promise<void> {
  const { user, host, port, signal } = options;
  const where = sshAddressText(options);
  if (signal?.aborted) throw aborted(signal);
  const trust = await hostTrust(host, port, options.trust);
  const attempts = loginAttempts(user, host, options.login);
  let refused: unknown;
  let reached = false;
  await new Promise<void>((resolve, reject) => {
    let clock: NodeJS.Timeout | undefined;
    const stop = (error: unknown): void => {
      clearTimeout(clock);
      signal?.removeEventListener("abort", onAbort);
      reject(told(error));
      client.destroy();
    };
    const onAbort = (): void => stop(aborted(signal));
    const rewind = (): void => {
      clearTimeout(clock);
      clock = setTimeout(() => stop(new Error(`no answer for ${patience / 1000} s`)), patience);
    };
    const told = (error: unknown): StackError => {
      if (isStackError(refused)) return refused;
      if (isStackError(error)) return error;
      if ((error as { level?: unknown }).level === "client-authentication") {
        return new StackError("not-authenticated", `${where} does not let ${user} in`, {
          detail: attempts.tried.map((way) => `tried ${way}`),
          hint: `ssh-copy-id ${user}@${host}, or --identity FILE with a key that it knows`,
        });
      }
      return new StackError("host-unreachable", `${where} does not answer: ${messageOf(error)}`, {
        cause: error,
        hint: reached ? "look at the log of its sshd" : `is the machine up, and its port ${port} open from here?`,
      });
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    rewind();
    client
      .once("ready", () => {
        clearTimeout(clock);
        signal?.removeEventListener("abort", onAbort);
        resolve();
      })
      .once("error", stop)
      .once("close", () => stop(new Error("the connection was closed")))
      .connect({
        host,
        port,
        username: user,
        readyTimeout: 0,
        keepaliveInterval: Math.ceil(patience / 4),
        keepaliveCountMax: 3,
        algorithms: { serverHostKey: [...trust.algorithms] as never },
        hostVerifier: (blob: Buffer): boolean => {
          reached = true;
          refused = trust.judge(blob);
          return refused === undefined;
        },
        authHandler: (offered, _partly, next) => {
          // A person may think about a password as long as they like.
          clearTimeout(clock);
          attempts.next(offered ?? undefined).then(
            (method) => {
              rewind();
              next(method ?? (false as never));
            },
            (error: unknown) => stop(error),
          );
        },
      });
  });
}

/** Again where the server has refused to begin it, for a while: then nothing of it was done. */
async function settled<T>(act: () => Promise<T>): Promise<T> {
  const until = Date.now() + settling;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!isStackError(error) || error.code !== "session-refused" || Date.now() > until) throw error;
    }
    await sleep(100);
  }
}

function aborted(signal: AbortSignal | undefined): StackError {
  return new StackError("aborted", "stopped", { cause: signal?.reason, exit: 130 });
}

/** At most so many at once; the others wait for their turn. */
function turns(most: number): <T>(act: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (act) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    running += 1;
    try {
      return await act();
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  };
}
