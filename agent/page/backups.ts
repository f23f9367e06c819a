import { instant } from "./instant.ts";
import { type Markup, markup, nothing } from "./markup.ts";
import type { PageView } from "./page-view.ts";
import type { Section } from "./section.ts";

const minute = 60_000;

/** How old the newest backup is, when one was last restored for trial, and what waits to be archived. */
export function backups({ results, date }: PageView): Section | undefined {
  const newest = results.find(({ check }) => check === "backup:newest");
  const archive = results.find(({ check }) => check === "backup:archive");
  if (newest === undefined && archive === undefined) return undefined;
  const hours = newest?.outcome.observedValue;
  const proven = newest?.outcome.figures?.stack_backup_proven_age_seconds;
  const waiting = archive?.outcome.observedValue;
  // To the minute: an age is another at each look, the moment is not.
  const before = (milliseconds: number): Markup =>
    instant(new Date(Math.round((date.getTime() - milliseconds) / minute) * minute), "ago");
  const content = markup`<section id="backups" aria-labelledby="backups-title">
<h2 id="backups-title">Backups</h2>
<dl class="facts">
<div><dt>newest</dt><dd>${hours === undefined ? "none yet" : before(hours * 3_600_000)}</dd></div>
<div><dt>last restored for trial</dt><dd>${typeof proven === "number" ? before(proven * 1000) : "not yet"}</dd></div>
${waiting === undefined ? nothing : markup`<div><dt>waits to be archived</dt><dd>${Math.round(waiting)} MiB</dd></div>\n`}</dl>
</section>
`;
  return { pieces: [{ id: "backups", content }], frame: ([own = nothing]) => own };
}
