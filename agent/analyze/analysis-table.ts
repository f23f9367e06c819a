import type { AnalysedSpan, AnalysisDocument } from "../../stack/documents/analysis.ts";
import { type Row, textTable } from "../cli/text-table.ts";

/** Characters of a bar that is as long as the whole. */
const WIDTH = 40;
/** Actions shown as those that took longest. */
const LONGEST = 10;

/** The analysis as a person reads it, in the manner of systemd-analyze's critical-chain and blame. */
export function analysisTable(analysis: AnalysisDocument, colours: boolean): string {
  const { run, startedAt, tookMs, actions, stages, spans, units } = analysis;
  const bar = bars(tookMs);
  const booted = Math.max(0, ...units.map(({ activeMs }) => activeMs));
  const unitBar = bars(booted);
  const critical = spans.filter((span) => span.critical).sort((one, other) => one.startMs - other.startMs);
  const longest = spans
    .filter(({ kind }) => kind === "action" || kind === "check")
    .sort((one, other) => took(other) - took(one))
    .slice(0, LONGEST);
  const blocks = [
    [
      `${run === "first" ? "first" : "last"} provisioning, ${startedAt}: ${seconds(tookMs)}, ${actions} ${actions === 1 ? "action" : "actions"}`,
    ],
    textTable(
      ["stage", "at", "took", ""],
      stages.map(({ id, startMs, endMs }) => ({
        cells: [id, seconds(startMs), seconds(endMs - startMs), bar(startMs, endMs)],
      })),
      colours,
    ),
    textTable(["what the end waited for", "at", "took", ""], critical.map(spanRow), colours),
    textTable(["what took longest", "at", "took", ""], longest.map(spanRow), colours),
    textTable(
      ["unit, since systemd's start", "at", "took", ""],
      units.map(({ unit, startMs, activeMs }) => ({
        cells: [unit, seconds(startMs), seconds(activeMs - startMs), unitBar(startMs, activeMs)],
      })),
      colours,
    ),
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join("\n\n")}\n`;
}

function spanRow(span: AnalysedSpan): Row {
  const what = [span.do ?? span.kind, span.what ?? ""].join(" ").trim();
  const told = span.error === undefined ? what : `${what}: ${span.error}`;
  return { cells: [span.stage, seconds(span.startMs), seconds(took(span)), told] };
}

function took({ startMs, endMs }: AnalysedSpan): number {
  return endMs - startMs;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

/** At least one character: what is short is there too. */
function bars(whole: number): (startMs: number, endMs: number) => string {
  const place = (milliseconds: number): number => Math.round((milliseconds / Math.max(whole, 1)) * (WIDTH - 1));
  return (startMs, endMs) => " ".repeat(place(startMs)) + "#".repeat(place(endMs) - place(startMs) + 1);
}
