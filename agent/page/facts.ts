import { releaseZero } from "../../stack/releases.ts";
import { type Markup, markup, nothing } from "./markup.ts";
import type { PageView } from "./page-view.ts";
import type { Section } from "./section.ts";

/** What changes seldom: versions, releases, how memory is shared out, and where the stack is not what was asked for. */
export function facts(view: PageView): Section {
  const { status, detail, versions, results } = view;
  const { totalMiB, shares, cuts } = status.memory;
  const releases = releasesOf(results);
  const content = markup`<section id="facts" aria-labelledby="facts-title">
<h2 id="facts-title">This stack</h2>
${
  detail
    ? nothing
    : markup`<p class="quiet">Messages, ports, versions, memory and deviations are told to who shows the agent’s token. Root in the container reads it with <code>stack-agent secrets show health.token</code>.</p>\n`
}${lines("Not as defined", status.deviations)}${table("Versions", [
  ...(status.stack.version === "" ? [] : [[status.stack.name, status.stack.version] as const]),
  ...versions.map(({ name, version }) => [name, version] as const),
])}${table("Releases of services", releases)}${table(
  totalMiB === 0 ? "Memory" : `Memory, ${totalMiB} MiB`,
  shares.map(({ component, setting, miB, processes = 1 }) => [
    component,
    `${processes === 1 ? "" : `${processes} × `}${miB} MiB ${setting}`,
  ]),
)}${lines("Less memory than declared", cuts)}</section>
`;
  return { pieces: [{ id: "facts", content }], frame: ([own = nothing]) => own };
}

function releasesOf(results: PageView["results"]): readonly (readonly [string, string])[] {
  return results.flatMap(({ outcome }) => {
    const found = outcome.figures?.stack_service_release_info;
    if (found === undefined || typeof found === "number") return [];
    return found.flatMap(({ labels = {} }) =>
      // The template's own is not worth a line.
      labels.service === undefined || labels.release === undefined || labels.release === releaseZero
        ? []
        : [[labels.service, labels.release] as const],
    );
  });
}

function table(title: string, rows: readonly (readonly [string, string])[]): Markup {
  if (rows.length === 0) return nothing;
  return markup`<h3>${title}</h3>
<dl class="facts">
${rows.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>\n`)}</dl>
`;
}

function lines(title: string, all: readonly string[]): Markup {
  if (all.length === 0) return nothing;
  return markup`<h3>${title}</h3>
<ul>
${all.map((line) => markup`<li>${line}</li>\n`)}</ul>
`;
}
