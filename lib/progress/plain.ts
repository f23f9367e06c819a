import { bothSettled, elapsed, inStep, type Progress } from "./progress.ts";

const heartbeat = 10_000;

/** Whole lines, for logs and pipes: a step's start and end, and every 10 s that it still runs. */
export function plainProgress(write: (line: string) => void): Progress {
  let newest = "";
  const progress: Progress = {
    log: (level, message) => {
      if (level === "debug") newest = message;
      else write(level === "warning" || level === "error" ? `${level}: ${message}` : message);
    },
    async step(name, title, use, ended) {
      const start = performance.now();
      const since = (): string => elapsed(performance.now() - start);
      newest = "";
      write(`${name}: ${title}`);
      const beat = setInterval(() => write(`${name}: ${since()}${newest && ` · ${newest.slice(0, 100)}`}`), heartbeat);
      try {
        const result = await use();
        write(`${name}: ${(await ended?.(result)) ?? `done in ${since()}`}`);
        return result;
      } catch (error) {
        write(`${name}: failed after ${since()}`);
        throw inStep(name, error);
      } finally {
        clearInterval(beat);
      }
    },
    both: (first, second) =>
      bothSettled(
        progress.step(first.name, first.title, first.use, first.ended),
        progress.step(second.name, second.title, second.use, second.ended),
      ),
  };
  return progress;
}
