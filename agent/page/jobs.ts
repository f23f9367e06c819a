import { badge } from "./badge.ts";
import { instant } from "./instant.ts";
import { type Markup, markup, nothing } from "./markup.ts";
import type { PageView } from "./page-view.ts";
import type { Section } from "./section.ts";

/** What runs by a schedule: how it last went, and when it runs next, in the reader's own time. */
export function jobs({ status, failedJobs }: PageView): Section | undefined {
  if (status.jobs.length === 0) return undefined;
  const rows = status.jobs.map(({ name, schedule, lastRun, lastSeconds, lastError, nextRun }): Markup => {
    const last =
      lastRun === undefined
        ? markup`<span class="quiet">not yet</span>`
        : markup`${badge(failedJobs.has(name) ? "failed" : "done")} ${instant(lastRun, "ago")}`;
    return markup`<tr><th scope="row">${name}</th><td>${last}${lastError === undefined ? nothing : markup`<p class="message">${lastError}</p>`}</td><td class="number wide">${
      lastSeconds === undefined ? nothing : `${lastSeconds.toFixed(lastSeconds < 10 ? 1 : 0)} s`
    }</td><td>${nextRun === undefined ? nothing : instant(nextRun, "at")}</td><td class="wide"><code>${schedule}</code></td></tr>
`;
  });
  const content = markup`<section id="jobs" aria-labelledby="jobs-title">
<h2 id="jobs-title">Jobs</h2>
<table>
<thead><tr><th scope="col">job</th><th scope="col">last run</th><th scope="col" class="number took wide">took</th><th scope="col" class="next">next run</th><th scope="col" class="schedule wide">schedule</th></tr></thead>
<tbody>
${rows}</tbody>
</table>
</section>
`;
  return { pieces: [{ id: "jobs", content }], frame: ([own = nothing]) => own };
}
