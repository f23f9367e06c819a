import type { StatusDocument } from "../../stack/documents/status.ts";
import type { History } from "./history.ts";
import type { Observed } from "./plots.ts";

/** All that the page is made from, at one moment, for one kind of reader. */
export interface PageView {
  /** Without detail where no token was shown. */
  readonly status: StatusDocument;
  /** Whether the token was shown. */
  readonly detail: boolean;
  readonly date: Date;
  /** Figures, which /metrics tells everybody. */
  readonly results: readonly Observed[];
  readonly history: History;
  /** Jobs whose last run failed, which /metrics tells too. */
  readonly failedJobs: ReadonlySet<string>;
  readonly provision: { readonly startedAt: string; readonly finishedAt?: string | undefined } | undefined;
  /** When each stage of the last provisioning ran, milliseconds since its start; none before its end. */
  readonly stageTimes: ReadonlyMap<string, { readonly startMs: number; readonly endMs: number }>;
  /** Of installed packages, by their names; with a token. */
  readonly versions: readonly { readonly name: string; readonly version: string }[];
  /** The group of a component: `data`, `services`, `machine`. */
  readonly groupOf: (component: string) => string | undefined;
}
