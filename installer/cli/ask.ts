import { createInterface } from "node:readline";
import { Writable } from "node:stream";

/** Asks on the terminal; what is typed shows. */
export function ask(question: string): Promise<string> {
  return asked(question, process.stderr);
}

/** Asks on the terminal; what is typed does not show. */
export async function askSecretly(question: string): Promise<string> {
  process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const answer = await asked("", nowhere);
  process.stderr.write("\n");
  return answer;
}

function asked(question: string, output: NodeJS.WritableStream): Promise<string> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: process.stdin, output, terminal: true });
    let answer = "";
    lines.once("close", () => resolve(answer));
    lines.question(question, (line) => {
      answer = line;
      lines.close();
    });
  });
}
