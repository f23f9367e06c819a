import { shape, toneOf } from "./badge.ts";
import { instant } from "./instant.ts";
import { type Markup, markup, nothing } from "./markup.ts";
import type { PageView } from "./page-view.ts";
import type { Section } from "./section.ts";

/** How everything stands, in one line. */
export function summary(view: PageView): Section {
  const { status, history } = view;
  const tone = toneOf(status.status);
  const standing = history.standing();
  const content = markup`<header id="summary" class="summary ${tone}">
<span class="mark">${shape(tone)}</span>
<div>
<h1>${status.stack.name}${status.stack.version === "" ? nothing : markup` <small>${status.stack.version}</small>`}</h1>
<p class="headline" role="status">${headline(view)}</p>
<p class="quiet">${status.status}${standing === undefined ? nothing : markup` ${instant(standing.since, "for")}`}${counts(view)}</p>
</div>
</header>
`;
  return { pieces: [{ id: "summary", content }], frame: ([own = nothing]) => own };
}

/** The same in words, without a time: it is read out when it changes. */
export function headline({ status }: PageView): string {
  const { components, stages } = status;
  if (status.status === "healthy") return "All is well";
  const failed = stages.filter((stage) => stage.status === "failed").map(({ title }) => title);
  if (failed.length > 0) return `Setting up failed: ${some(failed)}`;
  const named = (state: string): string[] =>
    components.filter((component) => component.status === state).map(({ name }) => name);
  if (status.status === "working") {
    const running = stages.filter((stage) => stage.status === "running").map(({ title }) => title);
    if (running.length > 0) return `Setting up: ${some(running)}`;
    const awaited = named("fail").filter((name) => name !== "provision");
    return awaited.length > 0 ? `Starting: ${some(awaited)}` : "Starting";
  }
  if (status.status === "degraded") return `Works, but look at ${some(named("warn"))}`;
  const failing = named("fail");
  return `${some(failing)} ${failing.length === 1 ? "fails" : "fail"}`;
}

function counts({ status: { components } }: PageView): Markup {
  const parts = (["pass", "warn", "fail"] as const).flatMap((state) => {
    const count = components.filter((component) => component.status === state).length;
    return count === 0 ? [] : [`${count} ${state}`];
  });
  return markup`${parts.map((part) => markup` <span class="count">· ${part}</span>`)}`;
}

/** Three names at most. */
function some(names: readonly string[]): string {
  if (names.length <= 1) return names[0] ?? "";
  const shown = names.length <= 3 ? names.slice(0, -1) : names.slice(0, 2);
  const last = names.length <= 3 ? names.at(-1) : `${names.length - 2} more`;
  return `${shown.join(", ")} and ${last}`;
}
