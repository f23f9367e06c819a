import { messageOf } from "../../lib/error.ts";
import { ApiFault } from "./api-fault.ts";

export interface StandInTask {
  readonly upid: string;
  readonly type: string;
  readonly id: string;
  readonly user: string;
  readonly starttime: number;
  endtime: number | undefined;
  exitstatus: string | undefined;
  readonly log: string[];
}

/** What goes wrong with tasks, by their type, until it is taken back. */
export interface TaskFaults {
  /** Ends in error with this text, having done nothing. */
  fail: Record<string, string>;
  /** Never ends, having done nothing. */
  hang: Set<string>;
}

/** Workers of a node: each has an UPID, a log, and an end that is `OK`, `WARNINGS: n` or an error's text. */
export function createTasks(node: string) {
  const all: StandInTask[] = [];
  const faults: TaskFaults = { fail: {}, hang: new Set() };
  let pid = 0x0012_3400;
  const running = new Set<Promise<void>>();
  const hex = (value: number): string => (value >>> 0).toString(16).toUpperCase().padStart(8, "0");

  const find = (upid: string): StandInTask => {
    const task = all.find((one) => one.upid === upid);
    if (task === undefined) throw new ApiFault(500, `unable to parse worker upid '${upid}'`);
    return task;
  };

  return {
    faults,
    find,
    list: (): readonly StandInTask[] => all,
    start: (type: string, id: string, user: string, work: (log: (line: string) => void) => Promise<void>): string => {
      const starttime = Math.floor(Date.now() / 1000);
      pid += 1;
      const upid = `UPID:${node}:${hex(pid)}:${hex(pid * 7)}:${hex(starttime)}:${type}:${id}:${user}:`;
      const task: StandInTask = { upid, type, id, user, starttime, endtime: undefined, exitstatus: undefined, log: [] };
      all.push(task);
      const end = (exitstatus: string): void => {
        if (task.exitstatus !== undefined) return;
        task.exitstatus = exitstatus;
        task.endtime = Math.floor(Date.now() / 1000);
        const warned = exitstatus.startsWith("WARNINGS: ");
        task.log.push(exitstatus === "OK" || warned ? `TASK ${exitstatus}` : `TASK ERROR: ${exitstatus}`);
      };
      if (faults.hang.has(type)) return upid;
      const perform = async (): Promise<void> => {
        const failure = faults.fail[type];
        if (failure !== undefined) throw new Error(failure);
        await work((line) => task.log.push(line));
      };
      const done = perform().then(
        () => {
          // PVE::RESTEnvironment::log_warn counts them.
          const warnings = task.log.filter((line) => line.startsWith("WARN: ")).length;
          end(warnings === 0 ? "OK" : `WARNINGS: ${warnings}`);
        },
        (error: unknown) => end(messageOf(error)),
      );
      running.add(done);
      void done.finally(() => running.delete(done));
      return upid;
    },
    /** Ends one that hangs, as `pvenode task stop`, or a node that comes back, would. */
    stop: (type: string): void => {
      for (const task of all.filter((one) => one.type === type && one.exitstatus === undefined)) {
        task.exitstatus = "unexpected status";
        task.endtime = Math.floor(Date.now() / 1000);
      }
    },
    /** Ends one whose worker was killed. What it had begun stays as it is. */
    interrupt: (upid: string): void => {
      const task = find(upid);
      task.exitstatus = "received interrupt";
      task.endtime = Math.floor(Date.now() / 1000);
    },
    settled: async (): Promise<void> => {
      await Promise.all(running);
    },
  };
}

export type Tasks = ReturnType<typeof createTasks>;
