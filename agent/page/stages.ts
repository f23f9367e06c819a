import { badge, toneOf } from "./badge.ts";
import { instant } from "./instant.ts";
import { type Markup, markup, nothing } from "./markup.ts";
import type { PageView } from "./page-view.ts";
import type { Section } from "./section.ts";

const width = 240;

/** How the machine was last brought to what its definition says: at every boot, at the least. */
export function stages(view: PageView): Section | undefined {
  const { status, provision, stageTimes } = view;
  if (status.stages.length === 0) return undefined;
  const whole = Math.max(1, ...[...stageTimes.values()].map(({ endMs }) => endMs));
  const rows = status.stages.map(
    (stage) => markup`<tr><th scope="row">${stage.title}</th><td>${badge(stage.status)}${
      stage.action === undefined ? nothing : markup` <span class="quiet">${stage.action}</span>`
    }</td><td class="number">${stage.seconds === undefined || stage.status === "running" ? nothing : `${stage.seconds.toFixed(1)} s`}</td><td class="wide">${bar(
      stageTimes.get(stage.id),
      whole,
      stage.status,
    )}</td></tr>
`,
  );
  const content = markup`<section id="stages" aria-labelledby="stages-title">
<h2 id="stages-title">Setting up</h2>
${provision === undefined ? nothing : markup`<p class="quiet">${when(provision)}</p>\n`}<table>
<thead><tr><th scope="col">stage</th><th scope="col">state</th><th scope="col" class="number took">took</th><th scope="col" class="when wide">when</th></tr></thead>
<tbody>
${rows}</tbody>
</table>
</section>
`;
  return { pieces: [{ id: "stages", content }], frame: ([own = nothing]) => own };
}

function when({ startedAt, finishedAt }: NonNullable<PageView["provision"]>): Markup {
  const begun = markup`Begun ${instant(startedAt, "ago")}, ${instant(startedAt, "at")}`;
  if (finishedAt === undefined) return begun;
  const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
  return markup`${begun}; took ${seconds.toFixed(1)} s`;
}

function bar(
  time: { readonly startMs: number; readonly endMs: number } | undefined,
  whole: number,
  state: string,
): Markup {
  if (time === undefined) return nothing;
  const at = (milliseconds: number): number => Math.round((width * milliseconds) / whole);
  const x = Math.min(at(time.startMs), width - 2);
  const said = `from ${(time.startMs / 1000).toFixed(1)} to ${(time.endMs / 1000).toFixed(1)} s`;
  return markup`<svg class="span" viewBox="0 0 ${width} 10" preserveAspectRatio="none" role="img" aria-label="${said}"><path class="track" d="M0 5H${width}"/><path class="${toneOf(state)}" d="M${x} 5H${Math.max(x + 2, at(time.endMs))}"/></svg>`;
}
