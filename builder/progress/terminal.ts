import { Listr } from "listr2";
import { elapsed, inStep, type Progress } from "./progress.ts";

/** A spinner a step with its elapsed time and the running command's newest line below. */
export function terminalProgress(write: (line: string) => void): Progress {
  let note: ((line: string) => void) | undefined;
  let held: string[] = [];
  return {
    log: (level, message) => {
      if (level === "debug") note?.(message);
      // A line written into a running spinner would be overwritten by its next frame.
      else {
        const line = level === "warning" || level === "error" ? `${level}: ${message}` : message;
        if (note === undefined) write(line);
        else held.push(line);
      }
    },
    async step<T>(name: string, title: string, use: () => Promise<T>): Promise<T> {
      const start = performance.now();
      const results: T[] = [];
      const list = new Listr(
        [
          {
            title: `${name}: ${title}`,
            task: async (_context, task) => {
              note = (line) => {
                task.output = line;
              };
              const shown = (): string => `${name}: ${title} (${elapsed(performance.now() - start)})`;
              const clock = setInterval(() => {
                task.title = shown();
              }, 500);
              try {
                results.push(await use());
              } finally {
                clearInterval(clock);
                task.title = shown();
                note = undefined;
              }
            },
          },
        ],
        { registerSignalListeners: false, rendererOptions: { showErrorMessage: false, collapseErrors: false } },
      );
      try {
        await list.run();
        return results[0] as T;
      } catch (error) {
        throw inStep(name, error);
      } finally {
        for (const line of held) write(line);
        held = [];
      }
    },
  };
}
