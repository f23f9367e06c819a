import { readFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import type { Clock } from "../../lib/clock.ts";
import type { Run } from "../../lib/run.ts";
import { within } from "../../lib/within.ts";
import { installedVersions } from "./installed-versions.ts";
import { liveClients } from "./live-clients.ts";
import { pageDocument } from "./page-document.ts";
import { pageIcon } from "./page-icon.ts";
import type { PageView } from "./page-view.ts";
import { type RenderedPage, renderedPage } from "./rendered-page.ts";
import { stageTimes } from "./stage-times.ts";

/** The page for a person. Loaded when somebody first asks for it. */
export interface Page {
  document(detail: boolean): Promise<string>;
  /** A file that the page needs; undefined where there is none of that name. */
  file(name: string): Promise<{ readonly type: string; readonly body: string } | undefined>;
  /** As `LiveClients.join`. */
  follow(response: ServerResponse, detail: boolean, mayStay: () => Promise<boolean>): Promise<boolean>;
}

export interface PageOptions {
  /** How things stand now; what is read from files is added. */
  readonly look: (detail: boolean) => Omit<PageView, "stageTimes" | "versions">;
  /** Where the page's files are. */
  readonly folder: string;
  readonly runFolder: string;
  readonly clock: Clock;
  readonly run: Run;
  /** Versions of these are told. */
  readonly asked: Parameters<typeof installedVersions>[0];
  /** As of `LiveOptions`. */
  readonly news: () => readonly unknown[];
  /** Milliseconds between two looks for those who have it open. */
  readonly interval?: number;
  /** Gives back the memory that was used for those who had it open. */
  readonly tidy?: () => void;
}

const types: Readonly<Record<string, string>> = {
  "page.css": "text/css; charset=utf-8",
  "page.js": "text/javascript; charset=utf-8",
};

/** Milliseconds after which versions are asked for again, and a run's times where they weren't there yet. */
const again = { versions: 600_000, times: 5_000 };
/** Milliseconds that a reader waits for them at most. */
const patience = 1_000;

export function page({ look, folder, runFolder, clock, run, asked, news, interval, tidy }: PageOptions): Page {
  let versions: PageView["versions"] = [];
  let versionsAt = Number.NEGATIVE_INFINITY;
  let times: PageView["stageTimes"] = new Map();
  let timesOf = "";
  let timesAt = Number.NEGATIVE_INFINITY;

  const refreshVersions = async (): Promise<void> => {
    if (clock.now() - versionsAt < again.versions) return;
    versionsAt = clock.now();
    versions = await installedVersions(asked, run);
  };
  const refreshTimes = async (provision: PageView["provision"]): Promise<void> => {
    const wanted = provision?.finishedAt === undefined ? "" : `${provision.startedAt} ${provision.finishedAt}`;
    if (wanted !== timesOf) {
      timesOf = wanted;
      times = new Map();
      timesAt = Number.NEGATIVE_INFINITY;
    }
    if (provision === undefined || wanted === "" || times.size > 0 || clock.now() - timesAt < again.times) return;
    timesAt = clock.now();
    const found = await stageTimes(runFolder, provision.startedAt);
    if (timesOf === wanted) times = found;
  };
  const refresh = (view: Pick<PageView, "detail" | "provision">): Promise<unknown> =>
    Promise.allSettled([refreshTimes(view.provision), view.detail ? refreshVersions() : undefined]);
  const render = (detail: boolean): RenderedPage => {
    const view = look(detail);
    void refresh(view);
    return renderedPage({ ...view, stageTimes: times, versions: detail ? versions : [] });
  };
  const live = liveClients({
    render,
    // What is read from files is as much news.
    news: () => [...news(), versions, times],
    ...(interval !== undefined && { interval }),
    ...(tidy && { tidy }),
  });

  return {
    document: async (detail) => {
      await within(patience, refresh(look(detail)));
      return pageDocument(render(detail));
    },
    file: async (name) => {
      const icon = name.endsWith(".svg") ? pageIcon(name.slice(0, -".svg".length)) : undefined;
      if (icon !== undefined) return { type: "image/svg+xml", body: icon };
      const type = Object.hasOwn(types, name) ? types[name] : undefined;
      return type === undefined ? undefined : { type, body: await readFile(join(folder, name), "utf8") };
    },
    follow: async (response, detail, mayStay) => {
      await within(patience, refresh(look(detail)));
      return !response.destroyed && live.join(response, detail, mayStay);
    },
  };
}
