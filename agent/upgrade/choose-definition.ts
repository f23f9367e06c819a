import { StackError } from "../../lib/error.ts";

export interface Definitions {
  /** What the machine has. */
  readonly inForce: string;
  /** What the release in force was built of. */
  readonly before: string | undefined;
  /** What the release to come was built of. */
  readonly coming: string;
  /** What was named, in the place of either. */
  readonly given: string | undefined;
}

export interface ChosenDefinition {
  readonly text: string;
  readonly from: "kept" | "of the release" | "given";
}

/**
 * Which definition is in force with a release: the one that is given; else the release's, unless the machine's was
 * changed by hand and the release's was not.
 *
 * @throws StackError `definition-conflict` where both were changed
 */
export function chooseDefinition({ inForce, before, coming, given }: Definitions): ChosenDefinition {
  if (given !== undefined) return { text: given, from: "given" };
  if (inForce === before || inForce === coming) return { text: coming, from: "of the release" };
  if (before === coming) return { text: inForce, from: "kept" };
  throw new StackError(
    "definition-conflict",
    "/etc/stack-agent/stack.yaml was changed on this machine, and the release brings another one",
    {
      hint: "say which: --definition /etc/stack-agent/stack.yaml keeps the machine's, --definition FILE takes one that has both",
    },
  );
}
