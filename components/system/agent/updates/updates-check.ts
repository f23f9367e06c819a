import { statSync } from "node:fs";
import type { CheckOpener, Outcome } from "../../../../engine/check.ts";
import type { UpdatesDocument } from "../../../../stack/documents/updates.ts";
import type { Model } from "../../../../stack/model.ts";
import { isOfTemplate } from "./is-of-template.ts";
import { readUpdates, updatesPath } from "./read-updates.ts";

/** Milliseconds after which what the archives said last is old: two turns of a day were in vain. */
const OLD = 3 * 86_400_000;

/** What root's jobs last found of updates. What is pending is nobody's outage: it warns. */
export function updatesCheck({ paths, definition, units }: Pick<Model, "paths" | "definition" | "units">): CheckOpener {
  const path = updatesPath(paths.run);
  const asked = definition.updates.schedule !== "off";
  // On any other machine what Debian brings is its admin's.
  const ours = isOfTemplate(paths.share) ? undefined : new Set(units.map(({ unit }) => unit));
  let seen = "";
  let document: UpdatesDocument | undefined;
  return () => ({
    run: async () => {
      // Asked every two seconds, and written every quarter of an hour.
      const found = statSync(path, { throwIfNoEntry: false });
      const mark = found === undefined ? "" : `${found.ino}:${found.mtimeMs}`;
      if (mark !== seen) document = withOurs(await readUpdates(paths.run), ours);
      seen = mark;
      return updatesOutcome(document, Date.now(), asked);
    },
    close: async () => {},
  });
}

function withOurs(document: UpdatesDocument | undefined, ours: ReadonlySet<string> | undefined) {
  if (document === undefined || ours === undefined) return document;
  const { listsAt: _, ...rest } = document;
  return { ...rest, pending: [], restart: document.restart.filter(({ unit }) => ours.has(unit)) };
}

/** @param asked whether a job of ours asks the archives, and should have */
export function updatesOutcome(document: UpdatesDocument | undefined, now: number, asked: boolean): Outcome {
  if (document === undefined) return { status: "pass", code: "not-looked", message: "not looked at since the boot" };
  const { pending, restart, listsAt, error } = document;
  const security = pending.filter((one) => one.security).map((one) => one.package);
  const observed = listsAt === undefined || error !== undefined ? {} : { observedValue: security.length };
  const old = asked && listsAt !== undefined && now - Date.parse(listsAt) > OLD;
  const troubles = [
    ...(security.length === 0
      ? []
      : [{ code: "security-updates", message: `security updates of ${some(security)} (apt full-upgrade)` }]),
    ...(restart.length === 0
      ? []
      : [
          {
            code: "restart-needed",
            message: `${some(restart.map(({ unit }) => unit))} run what an update has replaced (stack-agent doctor)`,
          },
        ]),
    ...(error === undefined ? [] : [{ code: "not-known", message: `what is pending is not known: ${error}` }]),
    ...(old ? [{ code: "old-lists", message: `the archives were last asked on ${listsAt} (apt update)` }] : []),
  ];
  const [first] = troubles;
  if (first === undefined) return { status: "pass", code: "ok", ...observed, message: quiet(document) };
  return { status: "warn", code: first.code, ...observed, message: troubles.map(({ message }) => message).join("; ") };
}

function quiet({ listsAt, pending }: UpdatesDocument): string {
  if (listsAt === undefined) return "the archives were never asked";
  return pending.length === 0 ? "none pending" : `${pending.length} pending, none of them for security`;
}

/** The first few, and how many there are. */
export function some(names: readonly string[]): string {
  return names.length <= 5 ? names.join(", ") : `${names.slice(0, 5).join(", ")} and ${names.length - 5} more`;
}
