import type { ReadStream } from "node:tty";
import { longestGivenSecret } from "../../engine/secrets/given-secrets.ts";
import { StackError } from "../../lib/error.ts";

type Input = NodeJS.ReadableStream & Partial<Pick<ReadStream, "isTTY" | "setRawMode">>;

export interface ReadValueOptions {
  /** Default standard input. */
  readonly input?: Input;
  /** Where a terminal is asked; default standard error. */
  readonly ask?: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * A value from standard input: all that comes, or a line of a terminal, which doesn't show it. Of what
 * is too long no more is read than says so.
 *
 * @throws StackError `aborted`
 */
export async function readValue(name: string, options: ReadValueOptions): Promise<Buffer> {
  const { input = process.stdin, ask = (text) => void process.stderr.write(text), signal } = options;
  if (input.isTTY !== true || input.setRawMode === undefined) return readAll(input, signal);
  ask(`${name}: `);
  input.setRawMode(true);
  try {
    return await readLine(input, signal);
  } finally {
    input.setRawMode(false);
    ask("\n");
  }
}

async function readAll(input: Input, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunksOf(input, signal)) {
    chunks.push(chunk);
    size += chunk.length;
    // A line end may follow the last byte that is allowed.
    if (size > longestGivenSecret + 2) break;
  }
  return Buffer.concat(chunks);
}

const ctrlC = 0x03;
const ctrlD = 0x04;
const erase = [0x08, 0x7f];
const enter = [0x0a, 0x0d];

/** What a terminal in raw mode sends, byte by byte: it edits no line itself. */
async function readLine(input: Input, signal: AbortSignal): Promise<Buffer> {
  const line: number[] = [];
  for await (const chunk of chunksOf(input, signal)) {
    for (const byte of chunk) {
      if (enter.includes(byte) || byte === ctrlD) return Buffer.from(line);
      if (byte === ctrlC) throw new StackError("aborted", "interrupted; nothing was changed", { exit: 130 });
      if (erase.includes(byte)) eraseCharacter(line);
      else line.push(byte);
      if (line.length > longestGivenSecret) return Buffer.from(line);
    }
  }
  return Buffer.from(line);
}

/** Takes UTF-8's last character away, all its bytes. */
function eraseCharacter(line: number[]): void {
  let byte = line.pop();
  while (byte !== undefined && (byte & 0xc0) === 0x80) byte = line.pop();
}

async function* chunksOf(input: Input, signal: AbortSignal): AsyncGenerator<Buffer> {
  const stop = (): void => {
    if ("destroy" in input && typeof input.destroy === "function") input.destroy();
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const chunk of input) yield Buffer.from(chunk);
  } finally {
    signal.removeEventListener("abort", stop);
  }
  signal.throwIfAborted();
}
