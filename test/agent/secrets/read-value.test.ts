import { PassThrough, Readable } from "node:stream";
import t from "tap";
import { readValue } from "../../../agent/secrets/read-value.ts";
import { longestGivenSecret } from "../../../engine/secrets/given-secrets.ts";

const { signal } = new AbortController();

/** A terminal: what is typed, whether it shows that, and what it is asked. */
function terminal(typed: string) {
  const modes: boolean[] = [];
  const asked: string[] = [];
  const input = Object.assign(Readable.from([Buffer.from(typed)]), {
    isTTY: true as const,
    setRawMode: (raw: boolean) => {
      modes.push(raw);
      return input as never;
    },
  });
  return { modes, asked, options: { input, ask: (text: string) => void asked.push(text), signal } };
}

t.test("all of standard input is the value", async (t) => {
  const input = Readable.from([Buffer.from("a\n"), Buffer.from("b\n")]);
  t.equal((await readValue("key", { input, signal })).toString(), "a\nb\n");
});

t.test("of what has no end no more is read than shows that it is too long", async (t) => {
  const input = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(10_000);
    })(),
  );
  const { length } = await readValue("key", { input, signal });
  t.ok(length > longestGivenSecret && length < 2 * longestGivenSecret);
});

t.test("a terminal is asked for a line, which it doesn't show, and shows again what comes after it", async (t) => {
  const { modes, asked, options } = terminal("sk-12x\u007f3é\u007f\rmore");
  t.equal((await readValue("key", options)).toString(), "sk-123", "backspace takes whole characters");
  t.strictSame(modes, [true, false]);
  t.strictSame(asked, ["key: ", "\n"]);
});

t.test("Ctrl-C and a signal end it, and the terminal is as it was", async (t) => {
  const { modes, options } = terminal("half\u0003");
  await t.rejects(readValue("key", options), { code: "aborted", exit: 130 });
  t.strictSame(modes, [true, false]);
  const controller = new AbortController();
  const reading = readValue("key", { input: new PassThrough(), signal: controller.signal });
  controller.abort(new Error("SIGTERM"));
  await t.rejects(reading);
});
