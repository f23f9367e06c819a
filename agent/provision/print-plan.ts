import type { PlanDocument } from "../../stack/documents/plan.ts";

/** A plan as a person reads it: one line an action, grouped by stage. */
export function printPlan(plan: PlanDocument): string {
  const failing = plan.failing ?? [];
  if (plan.actions.length === 0 && plan.unseen.length === 0 && failing.length === 0) return "Nothing to do.\n";
  const width = Math.max(0, ...plan.actions.map((action) => action.do.length));
  const lines: string[] = [];
  let stage: string | undefined;
  for (const action of plan.actions) {
    if (action.stage !== stage) lines.push(...(stage === undefined ? [] : [""]), action.stage);
    stage = action.stage;
    lines.push(`  ${action.do.padEnd(width)}  ${[action.what, `(${action.why})`].filter(Boolean).join("  ")}`);
    if (action.diff !== undefined) lines.push(...action.diff.split("\n").map((line) => `      ${line}`));
  }
  const count = plan.actions.length;
  lines.push(...(count === 0 ? [] : ["", `${count} ${count === 1 ? "action" : "actions"}; nothing was changed.`]));
  if (failing.length > 0) {
    const each = failing.flatMap(({ unit, says, help }) => [`  ${unit}: ${says}`, `    what helps: ${help}`]);
    lines.push("", "Starts again and again:", ...each);
  }
  if (plan.unseen.length > 0) {
    lines.push("", "Can be seen only later:", ...plan.unseen.map((what) => `  ${what}`));
  }
  return `${lines.join("\n").trimStart()}\n`;
}
