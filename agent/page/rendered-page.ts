import { attention } from "./attention.ts";
import { backups } from "./backups.ts";
import { components } from "./components.ts";
import { facts } from "./facts.ts";
import { jobs } from "./jobs.ts";
import { type Markup, markup } from "./markup.ts";
import type { PageView } from "./page-view.ts";
import { plotFigures } from "./plot-figures.ts";
import type { Section } from "./section.ts";
import { stages } from "./stages.ts";
import { headline, summary } from "./summary.ts";

export interface RenderedPage {
  readonly title: string;
  /** The word for the whole stack. */
  readonly status: string;
  /** What changes by itself, by the `id` of its element. */
  readonly pieces: ReadonlyMap<string, string>;
  /** Everything that may change. */
  readonly main: Markup;
}

type Part = (view: PageView) => Section | undefined;

/** In the order in which a reader wants to know: while the stack is set up, that. */
function sections({ status }: PageView): readonly Part[] {
  const last: readonly Part[] = [jobs, backups, facts];
  return status.status === "working"
    ? [summary, attention, stages, components, plotFigures, ...last]
    : [summary, attention, plotFigures, components, stages, ...last];
}

export function renderedPage(view: PageView): RenderedPage {
  const shown = sections(view).flatMap((section) => section(view) ?? []);
  const { status } = view;
  return {
    title: `${headline(view)} – ${status.stack.name}`,
    status: status.status,
    pieces: new Map(shown.flatMap(({ pieces }) => pieces.map(({ id, content }) => [id, content.html] as const))),
    main: markup`${shown.map(({ frame, pieces }) => frame(pieces.map(({ content }) => content)))}`,
  };
}
