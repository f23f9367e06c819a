import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { ExitCode, isErrno, StackError } from "../../lib/error.ts";

export interface Measured {
  /** Hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/** Bytes of a file. @throws StackError `no-template`, exit 64, where there is none */
export async function sizeOf(file: string): Promise<number> {
  const no = (cause?: unknown): StackError =>
    new StackError("no-template", `there is no file ${file}`, {
      cause,
      exit: ExitCode.usage,
      hint: "name a template: dist/debian-12-NAME_VERSION_ARCH.tar.gz",
    });
  try {
    const found = await stat(file);
    if (!found.isFile()) throw no();
    return found.size;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "EACCES")) throw no(error);
    throw error;
  }
}

/** Of a file, hex. */
export async function sha256Of(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash, { signal });
  return hash.digest("hex");
}
