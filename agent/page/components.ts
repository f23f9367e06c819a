import { attended } from "./attention.ts";
import { badge } from "./badge.ts";
import { instant } from "./instant.ts";
import { type Markup, markup, nothing } from "./markup.ts";
import type { PageView } from "./page-view.ts";
import type { Piece, Section } from "./section.ts";
import { stateBar } from "./state-bar.ts";

/** Groups as they are shown, each with its title; what is in none is the agent's own work. */
const groups: readonly { readonly title: string; readonly of: readonly (string | undefined)[] }[] = [
  { title: "Databases and broker", of: ["data"] },
  { title: "Services", of: ["services"] },
  { title: "Machine and upkeep", of: ["machine", undefined] },
];

/** Every component: how it stands, since when, and how its last hour was. */
export function components(view: PageView): Section {
  const { status, groupOf } = view;
  const told = attended(view);
  const tables = groups
    .map(({ title, of }) => ({ title, members: status.components.filter(({ name }) => of.includes(groupOf(name))) }))
    .filter(({ members }) => members.length > 0);
  return {
    pieces: tables.flatMap(({ members }) =>
      members.map((component) => row(component, view, !told.has(component.name))),
    ),
    frame: (contents) => {
      let taken = 0;
      return markup`${tables.map(({ title, members }, index) => {
        const rows = contents.slice(taken, taken + members.length);
        taken += members.length;
        return markup`<section aria-labelledby="group-${index}">
<h2 id="group-${index}">${title}</h2>
<table>
<thead><tr><th scope="col">component</th><th scope="col">state</th><th scope="col" class="hour">last hour</th><th scope="col" class="number check wide">check</th>${view.detail ? markup`<th scope="col" class="number ports wide">ports</th>` : nothing}</tr></thead>
<tbody>
${rows}</tbody>
</table>
</section>
`;
      })}`;
    },
  };
}

function row(
  component: PageView["status"]["components"][number],
  { detail, history }: PageView,
  isToldHere: boolean,
): Piece {
  const { name, status, code, message, latencyMs, ports } = component;
  const standing = history.standing(name);
  const id = `component-${name}`;
  const since =
    standing?.status === status ? markup` <span class="quiet">${instant(standing.since, "for")}</span>` : nothing;
  const why = status === "pass" ? nothing : markup` <span class="code">${code}</span>`;
  const content = markup`<tr id="${id}"><th scope="row">${name}</th><td>${badge(status)}${why}${since}${
    !isToldHere || status === "pass" || message === undefined ? nothing : markup`<p class="message">${message}</p>`
  }</td><td>${stateBar(history.minutes(name))}</td><td class="number wide">${milliseconds(latencyMs)}</td>${
    detail ? markup`<td class="number ports wide">${ports.join(" ")}</td>` : nothing
  }</tr>
`;
  return { id, content };
}

/** Whole ones: what changes at each look is looked at by nobody. */
function milliseconds(value: number): Markup {
  if (value === 0) return nothing;
  return value < 1 ? markup`&lt; 1 ms` : markup`${Math.round(value)} ms`;
}
