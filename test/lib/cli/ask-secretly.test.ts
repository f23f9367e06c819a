import { PassThrough } from "node:stream";
import t from "tap";
import { askSecretly } from "../../../lib/cli/ask-secretly.ts";

/** A terminal: whether it shows what is typed, and what it is asked. */
function terminal() {
  const modes: boolean[] = [];
  const asked: string[] = [];
  const input = Object.assign(new PassThrough(), {
    setRawMode: (raw: boolean) => {
      modes.push(raw);
      return input as never;
    },
  });
  return { input, modes, asked, options: { input, ask: (text: string) => void asked.push(text) } };
}

t.test("a line is asked for and not shown; what comes after it is the next answer", async (t) => {
  const { input, modes, asked, options } = terminal();
  input.write("sk-12x\u007f3é\u007f\rmore\u0008\u0008");
  t.equal((await askSecretly("key: ", options)).toString(), "sk-123", "backspace takes whole characters");
  t.strictSame(modes, [true, false]);
  t.strictSame(asked, ["key: ", "\n"]);
  input.write("ther\n");
  t.equal((await askSecretly("other: ", options)).toString(), "mother");
  t.strictSame(modes, [true, false, true, false]);
});

t.test("of what is too long no more is read than says so", async (t) => {
  const { input, options } = terminal();
  input.write("123456789");
  t.equal((await askSecretly("key: ", { ...options, most: 4 })).length, 5);
});

t.test("Ctrl-C and a signal end it, and the terminal is as it was", async (t) => {
  const { input, modes, options } = terminal();
  input.write("half\u0003");
  await t.rejects(askSecretly("key: ", options), { code: "aborted", exit: 130 });
  t.strictSame(modes, [true, false]);
  const controller = new AbortController();
  const asking = askSecretly("key: ", { ...options, signal: controller.signal });
  controller.abort(new Error("SIGTERM"));
  await t.rejects(asking, { message: "SIGTERM" });
  t.strictSame(modes, [true, false, true, false]);
});
