import { ExitCode, StackError } from "../../lib/error.ts";
import { names, settings } from "./settings.ts";

/** What was given for one node: flags by commander's names, variables filled in. */
export interface NodeValues<F> {
  /** What tells it from the others. */
  readonly label: string;
  readonly flags: F;
}

type Given = Readonly<Record<string, unknown>>;
type Environment = Readonly<Record<string, string | undefined>>;

/** Flags that are no settings, and may be another for each node. */
const files = ["tokenFile", "caFile", "identity"] as const;

/**
 * Takes lists apart: `--to pve1,pve2 --vmid 120,121` is one container on each. What is given
 * once is for all of them. One node's flags come back as they are, with its settings' variables.
 *
 * @throws StackError `list-length`, `same-node`, exit 64
 */
export function perNode<F extends object>(asTyped: F, environment: Environment): readonly NodeValues<F>[] {
  const flags = asTyped as Given;
  const given = settings.flatMap((setting) => {
    const { typed, key } = names(setting);
    const value = flags[key] ?? environment[setting.variable];
    if (typeof value !== "string" || value === "") return [];
    return [{ key, told: flags[key] === undefined ? setting.variable : typed, values: value.split(",") }];
  });
  const lengthOf = (wanted: string): number => given.find(({ key }) => key === wanted)?.values.length ?? 1;
  const count = Math.max(lengthOf("to"), lengthOf("node"));
  const lists = [
    ...given,
    ...files.flatMap((key) => {
      const value = flags[key];
      if (count === 1 || typeof value !== "string") return [];
      return [
        { key, told: `--${key.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}`, values: value.split(",") },
      ];
    }),
  ];
  for (const { told, values } of lists) checkLength(told, values, count);
  const nodes = Array.from({ length: count }, (_, index) => ({
    ...asTyped,
    ...Object.fromEntries(lists.map(({ key, values }) => [key, values[values.length === 1 ? 0 : index]])),
  }));
  const labels = labelsOf(nodes);
  return nodes.map((own, index) => ({ label: labels[index] ?? "", flags: own }));
}

function checkLength(told: string, values: readonly string[], count: number): void {
  const nodes = count === 1 ? "there is one node" : `there are ${count} nodes`;
  if (values.includes("")) throw usage("list-length", `${told}: ${values.join(",")} has an empty place`, `${told} A,B`);
  if (values.length === 1 || values.length === count) return;
  throw usage(
    "list-length",
    `${told} has ${values.length} values, ${nodes}`,
    "one value for all of them, or one for each in the order of --to",
  );
}

/** The addresses; the nodes' names where one address is for several of them. */
function labelsOf(nodes: readonly Given[]): readonly string[] {
  for (const key of ["to", "node"]) {
    const labels = nodes.map((node) => String(node[key] ?? ""));
    if (new Set(labels).size === nodes.length) return labels;
  }
  throw usage("same-node", "a node is named twice", "each node once: --to pve1,pve2");
}

function usage(code: string, message: string, hint: string): StackError {
  return new StackError(code, message, { hint, exit: ExitCode.usage });
}
