import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import type { Machine } from "../create-machine.ts";
import { shellBlocks } from "../pct-create.ts";

const page = join(import.meta.dirname, "../../../docs/operations.md");

export interface RunbookOptions {
  /** What is typed where a command asks. */
  readonly input?: string;
  /** Exit codes that are well. */
  readonly accept?: readonly number[];
}

/** The commands of a section of docs/operations.md, in their order, as they stand there. */
export function runbookRow(t: Test, machine: Machine, section: string, options: RunbookOptions = {}): void {
  t.test(`docs/operations.md, ${section}: its commands do what it says`, async (t) => {
    const { input = "", accept = [0] } = options;
    const text =
      readFileSync(page, "utf8")
        .split(/^## /m)
        .find((part) => part.startsWith(`${section}\n`)) ?? "";
    const commands = shellBlocks(text).flatMap((block) => block.split("\n"));
    t.ok(commands.length > 0, "it has commands");
    for (const command of commands) {
      await machine.exec("sh", ["-c", command], { input, accept: [...accept], timeout: 180_000 });
      t.pass(command);
    }
  });
}
