import { healthGroupOf } from "../../stack/health-groups.ts";
import { type History, history } from "../page/history.ts";
import { componentStates, type Snapshot } from "./component-states.ts";
import { overall } from "./status-report.ts";

/** Milliseconds: three times in what a plot has one value for. */
const interval = 5_000;

export interface HourKeeper {
  readonly history: History;
  /** Beside what is noted as time goes by: something is another way. */
  note(): void;
  stop(): void;
}

/** The last hour, noted down as time goes by. */
export function keepHistory(snapshot: () => Snapshot): HourKeeper {
  const kept = history(healthGroupOf);
  const note = (): void => {
    const now = snapshot();
    const components = componentStates(now);
    const states = components.map((state) => ({ ...state, ports: [] }));
    kept.note({
      now: now.now,
      date: now.date,
      overall: overall(now.progress, states, now.date),
      results: now.results,
      components,
    });
  };
  const timer = setInterval(note, interval).unref();
  note();
  return { history: kept, note, stop: () => clearInterval(timer) };
}
