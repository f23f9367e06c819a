import { Listr, type ListrTask } from "listr2";
import { bothSettled, type Ended, elapsed, inStep, type Progress, type StepSpec } from "./progress.ts";

/** A spinner a step with its elapsed time, and the running command's newest line below. */
export function terminalProgress(write: (line: string) => void): Progress {
  let note: ((line: string) => void) | undefined;
  let held: string[] = [];

  const task = <T>({ name, title, use, ended }: StepSpec<T>, settle: (result: Promise<T>) => void): ListrTask => ({
    title: `${name}: ${title}`,
    task: async (_context, shown) => {
      const start = performance.now();
      const since = (): string => `${name}: ${title} (${elapsed(performance.now() - start)})`;
      const clock = setInterval(() => {
        shown.title = since();
      }, 500);
      note = (line) => {
        shown.output = line;
      };
      const result = use();
      settle(result);
      let end: string | undefined;
      try {
        const made = await result;
        end = await ended?.(made);
      } finally {
        clearInterval(clock);
        shown.title = end === undefined ? since() : `${name}: ${end}`;
        note = undefined;
      }
    },
  });

  const show = async (tasks: readonly ListrTask[]): Promise<void> => {
    const list = new Listr([...tasks], {
      concurrent: true,
      exitOnError: false,
      registerSignalListeners: false,
      rendererOptions: { showErrorMessage: false, collapseErrors: false },
    });
    await list.run();
    for (const line of held) write(line);
    held = [];
  };

  const announced = async <T>(name: string, result: Promise<T> | undefined): Promise<T> => {
    try {
      return await (result as Promise<T>);
    } catch (error) {
      throw inStep(name, error);
    }
  };

  return {
    log: (level, message) => {
      if (level === "debug") {
        note?.(message);
        return;
      }
      const line = level === "warning" || level === "error" ? `${level}: ${message}` : message;
      // A line written into a running spinner would be overwritten by its next frame.
      if (note === undefined) write(line);
      else held.push(line);
    },
    async step<T>(name: string, title: string, use: () => Promise<T>, ended?: Ended<T>): Promise<T> {
      let result: Promise<T> | undefined;
      const spec = { name, title, use, ...(ended && { ended }) };
      await show([
        task(spec, (promise) => {
          result = promise;
        }),
      ]);
      return announced(name, result);
    },
    async both<A, B>(first: StepSpec<A>, second: StepSpec<B>): Promise<[A, B]> {
      let one: Promise<A> | undefined;
      let two: Promise<B> | undefined;
      await show([
        task(first, (promise) => {
          one = promise;
        }),
        task(second, (promise) => {
          two = promise;
        }),
      ]);
      return bothSettled(announced(first.name, one), announced(second.name, two));
    },
  };
}
