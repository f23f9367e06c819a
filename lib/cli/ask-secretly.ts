import type { Readable } from "node:stream";
import type { ReadStream } from "node:tty";
import { StackError } from "../error.ts";

/** A terminal, or what stands for one: as Readable, for it is asked more than once. */
export type Terminal = Readable & Pick<ReadStream, "setRawMode">;

export interface AskOptions {
  /** Default standard input. */
  readonly input?: Terminal;
  /** Where it is asked; default standard error. */
  readonly ask?: (text: string) => void;
  readonly signal?: AbortSignal;
  /** Bytes from which on no more is read. */
  readonly most?: number;
}

const ctrlC = 0x03;
const ctrlD = 0x04;
const erase = [0x08, 0x7f];
const enter = [0x0a, 0x0d];

/**
 * A line that is typed on a terminal, which doesn't show it, without its end. What comes behind that is
 * left for the next question.
 *
 * @throws StackError `aborted`: by Ctrl-C; the signal's reason
 */
export async function askSecretly(question: string, options: AskOptions = {}): Promise<Buffer> {
  const { input = process.stdin, ask = (text) => void process.stderr.write(text) } = options;
  const { signal, most = Number.POSITIVE_INFINITY } = options;
  ask(question);
  input.setRawMode(true);
  try {
    return await readLine(input, signal, most);
  } finally {
    input.setRawMode(false);
    ask("\n");
  }
}

/** What a terminal in raw mode sends, byte by byte: it edits no line itself. */
async function readLine(input: Terminal, signal: AbortSignal | undefined, most: number): Promise<Buffer> {
  const line: number[] = [];
  for await (const chunk of chunksOf(input, signal)) {
    for (const [at, byte] of chunk.entries()) {
      if (byte === ctrlC) throw new StackError("aborted", "interrupted; nothing was changed", { exit: 130 });
      if (enter.includes(byte) || byte === ctrlD || line.length > most) {
        if (at + 1 < chunk.length) input.unshift(chunk.subarray(at + 1));
        return Buffer.from(line);
      }
      if (erase.includes(byte)) eraseCharacter(line);
      else line.push(byte);
    }
  }
  return Buffer.from(line);
}

/** Takes UTF-8's last character away, all its bytes. */
function eraseCharacter(line: number[]): void {
  let byte = line.pop();
  while (byte !== undefined && (byte & 0xc0) === 0x80) byte = line.pop();
}

/** What comes, until the signal; the stream is left open, and not read any more. */
async function* chunksOf(input: Readable, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  signal?.throwIfAborted();
  const stop = (): void => void input.destroy();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    for await (const chunk of input.iterator({ destroyOnReturn: false })) yield Buffer.from(chunk);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
    input.pause();
  }
  signal?.throwIfAborted();
}
