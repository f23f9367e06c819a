import { StackError } from "../../lib/error.ts";
import type { HandoverLookDocument } from "../../stack/documents/handover.ts";
import type { Model } from "../../stack/model.ts";

/** What a template can't take over. @throws StackError `other-stack`, `data-moves`, `older-template` */
export function refuseUnfit(model: Model, old: HandoverLookDocument): void {
  if (model.name !== old.name) {
    throw new StackError("other-stack", `the template is of ${model.name}, and the container's stack is ${old.name}`, {
      hint: "name the container of that stack: --from",
    });
  }
  const moved = [
    ["postgres.database", old.database, model.postgres?.database],
    ["rabbitmq.vhost", old.vhost, model.rabbitmq?.vhost],
  ].filter(([, from, to]) => from !== undefined && to !== undefined && from !== to);
  if (moved.length > 0) {
    throw new StackError("data-moves", "the template's definition would leave data behind", {
      detail: moved.map(([what, from, to]) => `${what}: ${from} would be ${to}`),
      hint: "build the template of a stack.yaml with the same names",
    });
  }
  const { postgres } = model;
  if (postgres === undefined || postgres.external !== undefined || old.postgres === undefined) return;
  const newest = postgres.migrations.at(-1)?.version ?? 0;
  const older = [
    ...(Number(postgres.major) < old.postgres ? [`PostgreSQL ${postgres.major}, and there is ${old.postgres}`] : []),
    ...(newest < (old.migration ?? 0) ? [`migration ${newest}, and there is ${old.migration}`] : []),
  ];
  if (older.length > 0) {
    throw new StackError("older-template", "the template is older than what it would take over", {
      detail: older,
      hint: "build a template of the release that runs there, or of a newer one",
    });
  }
}

/** Components whose data the template has no place for. */
export function leftComponents(model: Model, old: HandoverLookDocument): readonly string[] {
  return old.components.filter((name) => !hasPlaceFor(name, model));
}

/** Not where the template has none of it, and not where it uses somebody else's servers. */
export function hasPlaceFor(name: string, { components }: Model): boolean {
  return components.some((one) => one.name === name && !one.external);
}
