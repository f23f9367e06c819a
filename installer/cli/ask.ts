import { createInterface } from "node:readline";
import { askSecretly } from "../../lib/cli/ask-secretly.ts";

/** Asks on the terminal; what is typed shows. */
export function ask(question: string): Promise<string> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: true });
    let answer = "";
    lines.once("close", () => resolve(answer));
    lines.question(question, (line) => {
      answer = line;
      lines.close();
    });
  });
}

/** Asks on the terminal; what is typed does not show. Undefined where there is no terminal. */
export const askForSecret: ((question: string) => Promise<string>) | undefined =
  process.stdin.isTTY && process.stderr.isTTY
    ? async (question) => (await askSecretly(question)).toString()
    : undefined;
