import type { ErrorDocument } from "../../lib/error.ts";
import type { HealthDocument } from "../../stack/documents/health.ts";
import { healthGroupOf } from "../../stack/health-groups.ts";
import type { Page } from "../page/page.ts";
import { componentStates, type Snapshot } from "./component-states.ts";
import { healthReport, liveDocument } from "./health-report.ts";
import { metricsText, metricsType, type ProcessFigures } from "./metrics-text.ts";
import { statusReport } from "./status-report.ts";

export interface Answer {
  readonly code: number;
  readonly type: string;
  readonly body: string;
}

/** What answers are made from. */
export interface Source {
  readonly snapshot: () => Snapshot;
  readonly process: () => ProcessFigures;
  readonly page: () => Promise<Page>;
}

interface Route {
  readonly path: string;
  readonly what: string;
  answer(source: Source, detail: boolean): Answer | Promise<Answer>;
}

/** What the page is told of by, as things change: server-sent events, which are no answer. */
export const eventsPath = "/page/events";
const pageFiles = "/page/";

/** Every fixed path the agent answers. `/health/COMPONENT`, `/health/GROUP` and what the page needs are beside them. */
export const routes: readonly Route[] = [
  {
    path: "/",
    what: "a page for a person",
    answer: async (source, detail) => html(await (await source.page()).document(detail)),
  },
  {
    path: "/livez",
    what: "whether the agent's process answers",
    answer: (source) => health(liveDocument(source.snapshot().stack.name)),
  },
  {
    path: "/readyz",
    what: "whether provisioning is done and every dependency and service answers",
    answer: (source, detail) => health(healthReport(source.snapshot(), "ready", detail)),
  },
  {
    path: "/health",
    what: "the health of everything",
    answer: (source, detail) => health(healthReport(source.snapshot(), "all", detail)),
  },
  {
    path: "/metrics",
    what: "Prometheus metrics",
    answer: (source) => ({ code: 200, type: metricsType, body: metricsText(source.snapshot(), source.process()) }),
  },
  {
    path: "/status",
    what: "what `stack-agent status` shows",
    answer: (source, detail) => json(200, statusReport(source.snapshot(), detail)),
  },
];

/** Answers a GET of a path without its query. */
export async function answer(path: string, source: Source, detail: boolean): Promise<Answer> {
  const route = routes.find((candidate) => candidate.path === path);
  if (route !== undefined) return route.answer(source, detail);
  if (path.startsWith("/health/")) return part(path.slice("/health/".length), source, detail);
  if (path.startsWith(pageFiles)) {
    const file = await (await source.page()).file(path.slice(pageFiles.length));
    if (file !== undefined) return { code: 200, ...file };
  }
  return errorAnswer(404, {
    code: "no-such-path",
    message: "nothing is at this path",
    hint: `there are ${[...routes.map((known) => known.path), "/health/COMPONENT", "/health/GROUP"].join(", ")}`,
    detail: [],
  });
}

/** An error as JSON. */
export function errorAnswer(code: number, document: ErrorDocument): Answer {
  return { code, type: "application/json", body: `${JSON.stringify(document)}\n` };
}

/** One component, or one group of them. */
function part(name: string, source: Source, detail: boolean): Answer {
  const snapshot = source.snapshot();
  const document = healthReport(snapshot, { name }, detail);
  if (document !== undefined) return health(document);
  const names = componentStates(snapshot).map((state) => state.name);
  const groups = new Set(names.map(healthGroupOf).filter((group) => group !== undefined));
  return errorAnswer(404, {
    code: "no-such-component",
    message: "this stack has no such component or group",
    hint: `there are ${names.join(", ")}; groups are ${[...groups].join(", ")}`,
    detail: [],
  });
}

function health(document: HealthDocument | undefined): Answer {
  const code = document?.status === "fail" ? 503 : 200;
  return { code, type: "application/health+json", body: `${JSON.stringify(document)}\n` };
}

function json(code: number, document: unknown): Answer {
  return { code, type: "application/json", body: `${JSON.stringify(document)}\n` };
}

function html(body: string): Answer {
  return { code: 200, type: "text/html; charset=utf-8", body };
}
