import { PassThrough, Readable } from "node:stream";
import t from "tap";
import { readValue } from "../../../agent/secrets/read-value.ts";
import { longestGivenSecret } from "../../../engine/secrets/given-secrets.ts";

const { signal } = new AbortController();

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

t.test("a signal ends it", async (t) => {
  const controller = new AbortController();
  const reading = readValue("key", { input: new PassThrough(), signal: controller.signal });
  controller.abort(new Error("SIGTERM"));
  await t.rejects(reading);
});
