import { isStackError, StackError } from "../../../lib/error.ts";
import { openSsh, type SshOptions } from "../../ssh/open-ssh.ts";
import type { Ssh } from "../../ssh/ssh.ts";
import { sshAddressText } from "../../ssh/ssh-address.ts";
import type { NodeShell } from "../node-shell.ts";

/**
 * A node's root over SSH. A connection that is lost is opened anew for the next command; none is
 * sent twice.
 */
export function sshShell(options: SshOptions): NodeShell {
  const where = sshAddressText(options);
  let connection: Promise<Ssh> | undefined;
  const open = async (): Promise<Ssh> => {
    const current = await connection?.catch(() => undefined);
    if (current?.isOpen() !== true) {
      connection = openSsh(options).catch((error: unknown) => {
        connection = undefined;
        throw unreachable(error);
      });
    }
    return connection as Promise<Ssh>;
  };
  const opened = turnwise(open);
  return {
    way: "ssh",
    where,
    exec: async (argv, more) => (await opened()).exec(argv, more),
    execWithFile: async ({ path, remote, onProgress }, argv, more) =>
      (await opened()).execWithFile({ path, remote, ...(onProgress !== undefined && { onProgress }) }, argv, more),
    close: () => void connection?.then((ssh) => ssh.close()).catch(() => {}),
  };
}

/** Those who find the connection lost at the same time open one new one. */
function turnwise<T>(act: () => Promise<T>): () => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return () => {
    const next = last.then(act, act);
    last = next.catch(() => {});
    return next;
  };
}

function unreachable(error: unknown): unknown {
  if (!isStackError(error) || error.code !== "host-unreachable") return error;
  const { message, hint, cause } = error;
  return new StackError("node-unreachable", message, { hint, cause });
}
