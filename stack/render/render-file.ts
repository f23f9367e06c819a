import type { Budget } from "../budget.ts";
import type { ClusterNode } from "../components/cluster/model.ts";
import type { FileEntry, Model, SecretName } from "../model.ts";
import { render, type Templates } from "./render.ts";

export interface FileContext {
  readonly templates: Templates;
  /** Known only on the machine: templates of `when: "build"` files may not use it. */
  readonly budget?: Budget;
  /** The node that the machine is, of a cluster's; as `budget`. */
  readonly place?: ClusterNode;
  /** What stands for a secret in the text; the agent's secretMark. */
  readonly secret?: (name: SecretName, form?: string) => string;
}

/**
 * The text of a file of the table. A template without `.ejs` is taken as it is.
 * Its variables: `stack` (the model), `budget`, `place`, `secret(name, form)`, and the entry's own `data`.
 */
export function renderFile(entry: FileEntry, model: Model, context: FileContext): string {
  if (entry.template === undefined) return "";
  if (!entry.template.endsWith(".ejs")) return context.templates(entry.template);
  const { templates, budget, place, secret } = context;
  return render(entry.template, { stack: model, budget, place, secret, ...entry.data }, templates);
}
