import type { FactReader } from "../../../engine/facts/fact-reader.ts";
import { lastWords } from "../../../engine/facts/last-words.ts";
import type { ComponentFacts } from "../../../engine/plan/plan-files.ts";
import type { RedisNode } from "../../../stack/components/redis/model.ts";
import { manifestName } from "./append-only.ts";
import { examineAppendOnly } from "./examine-append-only.ts";
import type { FailingNode } from "./mend-node.ts";

/** Looks at the files of a node that doesn't come up; undefined where it does. */
export async function inspectFiles(
  { run, exists }: Pick<FactReader, "run" | "exists">,
  { port, unit, dataDirectory }: RedisNode,
  { units }: ComponentFacts,
  signal: AbortSignal,
): Promise<FailingNode | undefined> {
  const { active, failing } = units.get(unit) ?? {};
  if (active === "active") return undefined;
  const folder = `${dataDirectory}/appendonlydir`;
  // Its unit doesn't start it then: it would write over what the manifest has named.
  const orphaned = (await exists(folder)) && !(await exists(`${folder}/${manifestName}`));
  if (failing !== true && !(orphaned && active === "inactive")) return undefined;
  const [words, log] = await Promise.all([lastWords(run, unit, signal), examineAppendOnly(folder, run, signal)]);
  return { port, words, log };
}
