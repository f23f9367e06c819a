import { type FileHandle, open } from "node:fs/promises";
import type { SFTPWrapper } from "ssh2";
import { messageOf, StackError } from "../../lib/error.ts";
import type { Connection } from "./exec-over.ts";

export interface PutOptions {
  /** Bytes sent so far. */
  readonly onProgress?: (sent: number) => void;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds in which no byte is taken until it is given up. Default 60 000. */
  readonly patience?: number;
}

/** OpenSSH's sftp-server takes no more in one request; so many are on their way at once. */
const chunk = 32 * 1024;
const window = 64;

/** See Ssh.put. */
export async function putOver(
  connection: Connection,
  path: string,
  remote: string,
  options: PutOptions,
): Promise<void> {
  const { client, where } = connection;
  const { signal, patience = 60_000, onProgress } = options;
  const file = await open(path);
  let sftp: SFTPWrapper | undefined;
  const stopped = Promise.withResolvers<never>();
  // It is waited for only together with something else.
  stopped.promise.catch(() => {});
  let clock: NodeJS.Timeout | undefined;
  const alive = (): void => {
    clearTimeout(clock);
    clock = setTimeout(() => {
      const hint = "run the same command again; it begins anew";
      const why = `no byte was taken by ${where} for ${patience / 1000} s`;
      stopped.reject(new StackError("put-stalled", why, { hint }));
    }, patience);
  };
  const onAbort = (): void =>
    stopped.reject(new StackError("aborted", `sending to ${where} was stopped`, { cause: signal?.reason, exit: 130 }));
  const onLost = (): void =>
    stopped.reject(
      new StackError("connection-lost", `the connection to ${where} was lost while a file was sent`, {
        cause: connection.lost(),
        hint: "when the machine can be reached again, run the same command again",
      }),
    );
  const or = <T>(act: Promise<T>): Promise<T> => Promise.race([act, stopped.promise]);
  signal?.addEventListener("abort", onAbort, { once: true });
  client.on("close", onLost);
  try {
    if (signal?.aborted) onAbort();
    if (!connection.isOpen()) onLost();
    alive();
    sftp = await or(
      called<SFTPWrapper>((done) => client.sftp(done)).catch((error: unknown) => {
        throw new StackError("session-refused", `${where} takes no files over SFTP: ${messageOf(error)}`);
      }),
    );
    const session = sftp;
    const handle = await or(called<Buffer>((done) => session.open(remote, "wx", 0o600, done)));
    await or(
      copy(file, session, handle, (sent) => {
        alive();
        onProgress?.(sent);
      }),
    );
    await or(called<void>((done) => session.close(handle, done)));
  } catch (error) {
    if (error instanceof StackError) throw error;
    throw new StackError("put-failed", `${where} can't write ${remote}: ${messageOf(error)}`, { cause: error });
  } finally {
    clearTimeout(clock);
    signal?.removeEventListener("abort", onAbort);
    client.off("close", onLost);
    sftp?.end();
    await file.close();
  }
}

/** Many requests at once: one at a time would wait for an answer after each 32 KiB. */
async function copy(
  file: FileHandle,
  sftp: SFTPWrapper,
  handle: Buffer,
  onProgress: (sent: number) => void,
): Promise<void> {
  let at = 0;
  let sent = 0;
  const lane = async (): Promise<void> => {
    for (;;) {
      const position = at;
      at += chunk;
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(chunk), 0, chunk, position);
      if (bytesRead === 0) return;
      await called<void>((done) => sftp.write(handle, buffer, 0, bytesRead, position, done));
      sent += bytesRead;
      onProgress(sent);
    }
  };
  await Promise.all(Array.from({ length: window }, lane));
}

function called<T>(act: (done: (error: Error | null | undefined, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    act((error, value) => (error ? reject(error) : resolve(value as T)));
  });
}
