import { commandFor } from "../attention/next-steps.ts";
import { badge, toneOf } from "./badge.ts";
import { instant } from "./instant.ts";
import { type Markup, markup, nothing } from "./markup.ts";
import type { PageView } from "./page-view.ts";
import type { Section } from "./section.ts";

interface Item {
  readonly name: string;
  readonly state: string;
  readonly code?: string;
  readonly since?: Date | undefined;
  /** Told with a token. */
  readonly message?: string | undefined;
  readonly command?: string | undefined;
}

const most = 8;

/** What fails because of what: a full disk has servers fail, and those the services. */
const causes = ["machine", "data", "services"];

/** What needs somebody's hand, the cause before what follows from it, each with the command that helps. */
export function attention(view: PageView): Section {
  const items = [...stageItems(view), ...componentItems(view), ...leftovers(view)];
  const more = items.length - most;
  const content =
    items.length === 0
      ? markup`<section id="attention" hidden></section>`
      : markup`<section id="attention" aria-labelledby="attention-title">
<h2 id="attention-title">Needs attention</h2>
<ul class="items">
${items.slice(0, most).map(itemMarkup)}</ul>
${more > 0 ? markup`<p class="quiet">and ${more} more, below</p>` : nothing}</section>
`;
  return { pieces: [{ id: "attention", content }], frame: ([own = nothing]) => own };
}

/** Components of which this tells, so that the rest of the page need not. */
export function attended(view: PageView): ReadonlySet<string> {
  if (view.status.status === "working") return new Set(view.status.components.map(({ name }) => name));
  const items = [...stageItems(view), ...componentItems(view)];
  return new Set(items.slice(0, most).map(({ name }) => name));
}

function stageItems({ status: { stages } }: PageView): Item[] {
  return stages
    .filter((stage) => stage.status === "failed")
    .map(({ title, error }) => ({
      name: title,
      state: "failed",
      ...(error !== undefined && { code: error.code, message: error.message }),
      command: error?.hint ?? "stack-agent logs provision",
    }));
}

function componentItems({ status, history, groupOf }: PageView): Item[] {
  // What only starts needs nobody.
  if (status.status === "working") return [];
  const rank = ({ name, status }: { name: string; status: string }): number =>
    (status === "fail" ? 0 : 10) + causes.indexOf(groupOf(name) ?? "");
  const failedStages = status.stages.some((stage) => stage.status === "failed");
  return (
    status.components
      .filter((component) => component.status !== "pass")
      // Its stages say more.
      .filter(({ name }) => !(name === "provision" && failedStages))
      .toSorted((a, b) => rank(a) - rank(b))
      .map(({ name, status: state, code, message }) => {
        const standing = history.standing(name);
        return {
          ...{ name, state, code, message },
          since: standing?.status === state ? standing.since : undefined,
          command: name === "provision" ? "stack-agent status" : commandFor(name),
        };
      })
  );
}

function leftovers({ status: { setAside = [] } }: PageView): Item[] {
  return setAside.map((message) => ({ name: "Set aside", state: "warn", code: "damaged", message }));
}

function itemMarkup({ name, state, code, since, message, command }: Item): Markup {
  return markup`<li class="item ${toneOf(state)}">
<p class="what"><strong>${name}</strong> ${badge(state)}${code === undefined ? nothing : markup` <span class="code">${code}</span>`}${since === undefined ? nothing : markup` <span class="quiet">${instant(since, "for")}</span>`}</p>
${message === undefined ? nothing : markup`<p class="message">${message}</p>\n`}${command === undefined ? nothing : commandMarkup(command)}</li>
`;
}

/** A command to be carried out in the container. Its button is shown where there is a script to answer it. */
function commandMarkup(command: string): Markup {
  return markup`<p class="command"><code tabindex="0" aria-label="command">${command}</code><button type="button" class="copy" hidden>Copy</button></p>
`;
}
