export type Level = "error" | "warning" | "notice" | "info" | "debug";

/** Structured fields beside a message; upper-case names become journal fields. */
export type Fields = Readonly<Record<string, string | number | undefined>>;

/** The one way to log. The journal, a terminal and a test each give their own. */
export type Log = (level: Level, message: string, fields?: Fields) => void;

/** Plain lines on standard error; `warning: …` and `error: …` carry their level. */
export const stderrLog: Log = (level, message) => {
  const prefix = level === "error" || level === "warning" ? `${level}: ` : "";
  process.stderr.write(`${prefix}${message}\n`);
};

/** For callers that want no log. */
export const silentLog: Log = () => {};
