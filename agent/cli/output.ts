/** Where a command writes. */
export interface Output {
  readonly write: (text: string) => void;
  /** Progress and hints, so that what is written stays parseable. */
  readonly writeAside: (text: string) => void;
  readonly colours: boolean;
  /** Lines that fit, on a terminal that can be redrawn. */
  readonly rows?: () => number;
}

/** Standard output and error; colours on a terminal only, and never with NO_COLOR (no-color.org). */
export function processOutput(): Output {
  const { NO_COLOR, TERM } = process.env;
  const { stdout } = process;
  return {
    write: (text) => void stdout.write(text),
    writeAside: (text) => void process.stderr.write(text),
    colours: stdout.isTTY === true && (NO_COLOR === undefined || NO_COLOR === "") && TERM !== "dumb",
    // A terminal that does not know its size says 0.
    ...(stdout.isTTY === true && TERM !== "dumb" ? { rows: () => stdout.rows || 24 } : {}),
  };
}

/** Aborts on Ctrl-C, and once nobody reads any more: the end of what else has none. */
export function untilInterrupted({ stdout }: NodeJS.Process): AbortSignal {
  const controller = new AbortController();
  process.once("SIGINT", () => controller.abort());
  stdout.once("error", () => controller.abort());
  return controller.signal;
}

const escapes: Readonly<Record<string, string>> = {
  pass: "32",
  healthy: "32",
  done: "32",
  warn: "33",
  degraded: "33",
  working: "33",
  running: "33",
  fail: "31",
  failed: "31",
};

/** A state's word in its colour. */
export function coloured(word: string, colours: boolean): string {
  const colour = escapes[word.trim()];
  return colours && colour !== undefined ? `\u001b[${colour}m${word}\u001b[0m` : word;
}

/** Without control characters, which could do anything to a terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
}
