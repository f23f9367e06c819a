import type { StatusDocument } from "../../stack/documents/status.ts";

/** The state of the stack as a page for a person: no script, nothing loaded from elsewhere. */
export function statusPage(status: StatusDocument): string {
  const title = `${status.stack.name} ${status.stack.version}`.trim();
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="5">
<title>${escapeHtml(`${status.status}: ${title}`)}</title>
<style>${style}</style>
<h1>${escapeHtml(title)} ${badge(status.status)}</h1>
${section("Components", ["component", "state", "code", "ms", "ports", ""], componentRows(status))}
${section("Stages", ["stage", "state", "seconds", ""], stageRows(status))}
${section("Jobs", ["job", "schedule", "last run", "seconds", "next run", ""], jobRows(status))}
${list("Memory", status.memory.cuts)}${list("Deviations", status.deviations)}
<p><a href="/health">health</a> · <a href="/readyz">readyz</a> · <a href="/livez">livez</a> · <a href="/metrics">metrics</a></p>
</html>
`;
}

const style = `
:root{color-scheme:light dark;--line:#8884}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}
table{border-collapse:collapse;width:100%;margin-bottom:1.5rem}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600;opacity:.7}
.state{display:inline-block;padding:0 .5rem;border-radius:.6rem;border:1px solid currentColor;font-size:.85em;font-weight:600}
.pass,.healthy,.done{color:light-dark(#0a6b2d,#6fd98f)}
.warn,.degraded,.working,.running{color:light-dark(#8a5a00,#f0c060)}
.fail,.failed{color:light-dark(#b00020,#ff8a8a)}
.waiting{opacity:.7}
`;

type Cell = string | { readonly html: string };

function componentRows(status: StatusDocument): Cell[][] {
  return status.components.map((component) => [
    component.name,
    { html: badge(component.status) },
    component.code,
    component.latencyMs === 0 ? "" : component.latencyMs.toFixed(1),
    component.ports.join(" "),
    component.message ?? "",
  ]);
}

function stageRows(status: StatusDocument): Cell[][] {
  return status.stages.map((stage) => [
    stage.title,
    { html: badge(stage.status) },
    stage.seconds?.toFixed(1) ?? "",
    stage.error?.message ?? stage.action ?? "",
  ]);
}

function jobRows(status: StatusDocument): Cell[][] {
  return status.jobs.map((job) => [
    job.name,
    job.schedule,
    job.lastRun ?? "",
    job.lastSeconds?.toFixed(2) ?? "",
    job.nextRun ?? "",
    job.lastError ?? "",
  ]);
}

function section(title: string, heads: readonly string[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return "";
  const head = heads.map((text) => `<th scope="col">${escapeHtml(text)}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${cellHtml(cell)}</td>`).join("")}</tr>`).join("\n");
  return `<h2>${title}</h2>\n<table><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table>`;
}

function list(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  return `<h2>${title}</h2>\n<ul>${lines.map((line) => `<li>${escapeHtml(line)}</li>`).join("")}</ul>\n`;
}

/** A state as a word in its colour: the word says it too, for those who don't see colours. */
function badge(state: string): string {
  return `<span class="state ${escapeHtml(state)}">${escapeHtml(state)}</span>`;
}

function cellHtml(cell: Cell): string {
  return typeof cell === "string" ? escapeHtml(cell) : cell.html;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
