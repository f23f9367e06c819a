import { constants } from "node:fs";
import { open, rm } from "node:fs/promises";
import { isStackError, messageOf, StackError } from "../../../lib/error.ts";
import { type RunResult, run } from "../../../lib/run.ts";
import type { NodeShell, ShellFile } from "../node-shell.ts";

const anyCode = Array.from({ length: 256 }, (_, code) => code);

/** The node itself, on which this runs. */
export function localShell(signal: AbortSignal): NodeShell {
  const closed = new AbortController();
  const stop = AbortSignal.any([signal, closed.signal]);
  const exec: NodeShell["exec"] = ([command = "", ...args], { onLine, timeout } = {}) =>
    run(command, args, {
      accept: anyCode,
      signal: stop,
      ...(timeout !== undefined && { timeout }),
      ...(onLine !== undefined && { onLine }),
    });
  return {
    way: "local",
    where: "this node",
    exec,
    execWithFile: async (file, argv, more): Promise<RunResult> => {
      try {
        await copy(file, stop).catch((error: unknown) => {
          if (isStackError(error)) throw error;
          throw new StackError("put-failed", `${file.remote} can't be written: ${messageOf(error)}`, { cause: error });
        });
        return await exec(argv, { ...more, timeout: 24 * 3_600_000 });
      } finally {
        await rm(file.remote, { force: true });
      }
    },
    close: () => closed.abort(),
  };
}

async function copy({ path, remote, onProgress }: ShellFile, signal: AbortSignal): Promise<void> {
  const from = await open(path);
  const to = await open(remote, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    let sent = 0;
    for await (const chunk of from.createReadStream({ highWaterMark: 1 << 20 })) {
      if (signal.aborted) throw new StackError("aborted", "stopped", { cause: signal.reason, exit: 130 });
      await to.writeFile(chunk as Buffer);
      sent += (chunk as Buffer).length;
      onProgress?.(sent);
    }
    await to.sync();
  } finally {
    await to.close();
    await from.close();
  }
}
