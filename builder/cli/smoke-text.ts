import { columns } from "../../lib/cli/text.ts";
import type { SmokeDocument } from "../../stack/documents/smoke.ts";

/** A boot's times as a person reads them, in the order they came. */
export function smokeText(smoke: SmokeDocument): string {
  const { stages, components, health } = smoke;
  const events: (readonly [at: number, what: string, how: string])[] = [
    [0, "container", "started"],
    [smoke.systemd, "systemd", "running"],
    ...stages.map(
      ({ id, done, took }) =>
        [done, `stage ${id}`, took === undefined ? "done" : `done in ${secondsText(took)}`] as const,
    ),
    ...components.map(({ name, status, seen }) => [seen, name, status] as const),
    ...health.map(({ name, port, answered }) => [answered, name, `200 from outside, port ${port}`] as const),
  ];
  const rows = events
    .sort(([a], [b]) => a - b)
    .map(([at, what, how]) => [`${secondsText(at).padStart(8)}`, what, how] as const);
  return [
    "",
    columns([...rows, [secondsText(smoke.healthy).padStart(8), smoke.status, "all of it"]]).trimEnd(),
    ...smoke.deviations.map((sentence) => `DEVIATION ${sentence}`),
    "",
  ].join("\n");
}

function secondsText(seconds: number): string {
  return `${seconds.toFixed(2)} s`;
}
