import type { StatusDocument } from "../../stack/documents/status.ts";
import { releaseZero } from "../../stack/releases.ts";
import { nextSteps } from "../attention/next-steps.ts";
import { duration } from "../cli/duration.ts";
import { coloured } from "../cli/output.ts";
import { type Row, textTable } from "../cli/text-table.ts";
import { jobTable } from "../jobs/job-table.ts";

/** The status document as a person reads it. */
export function statusTable(status: StatusDocument, date: Date, colours: boolean): string {
  const title = [status.stack.name || "stack", status.stack.version].filter((part) => part !== "").join(" ");
  const next = nextSteps(status);
  const blocks = [
    [`${title}: ${coloured(status.status, colours)}`],
    textTable(["stage", "state", "seconds", "actions", ""], stageRows(status), colours),
    textTable(["component", "state", "code", "ms", "ports"], componentRows(status), colours),
    jobTable(status.jobs, date, colours),
    stackReleaseLines(status, date),
    textTable(["service", "release", "since"], releaseRows(status, date), colours),
    memoryLines(status, colours),
    status.sandbox === undefined ? [] : [`sandbox: ${status.sandbox.kind}, ${status.sandbox.how}`],
    titled("not as defined:", status.deviations),
    titled("set aside, damaged; look at it, then remove it:", status.setAside ?? []),
    titled(next.length === 1 ? "next:" : "next, one of:", next),
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join("\n\n")}\n`;
}

function stageRows(status: StatusDocument): readonly Row[] {
  return status.stages.map((stage) => ({
    cells: [
      stage.id,
      stage.status,
      stage.seconds?.toFixed(1) ?? "",
      stage.status === "waiting" ? "" : String(stage.actions),
      stage.status === "running" ? (stage.action ?? "") : "",
    ],
    note: stage.error?.message,
  }));
}

function componentRows(status: StatusDocument): readonly Row[] {
  return status.components.map((component) => ({
    cells: [
      component.name,
      component.status,
      component.code,
      component.latencyMs > 0 ? component.latencyMs.toFixed(1) : "",
      component.ports.join(" "),
    ],
    note: component.status === "pass" ? undefined : component.message,
  }));
}

/** The template's own is not worth a line. */
function stackReleaseLines({ release }: StatusDocument, date: Date): readonly string[] {
  if (release === undefined) return [];
  const since = release.since === undefined ? "" : `, for ${duration(date.getTime() - Date.parse(release.since))}`;
  return [
    ...(release.id === releaseZero && release.cutOff === undefined ? [] : [`release: ${release.id}${since}`]),
    ...(release.cutOff === undefined
      ? []
      : [`the upgrade to ${release.cutOff} was cut off; stack-agent provision takes it back`]),
  ];
}

function releaseRows({ releases = [] }: StatusDocument, date: Date): readonly Row[] {
  return releases.map(({ service, release, since }) => ({
    cells: [service, release, `${duration(date.getTime() - Date.parse(since))} ago`],
  }));
}

function memoryLines({ memory }: StatusDocument, colours: boolean): readonly string[] {
  const { totalMiB, shares, cuts } = memory;
  if (totalMiB === 0) return [];
  const rows = shares.map(({ component, setting, miB, processes = 1 }) => ({
    cells: [component, `${processes === 1 ? "" : `${processes} × `}${miB} MiB`, setting],
  }));
  return [...textTable(["memory", `${totalMiB} MiB`, ""], rows, colours), ...titled("less than declared:", cuts)];
}

function titled(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];
}
