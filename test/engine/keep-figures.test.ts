import t from "tap";
import { keepFigures } from "../../engine/keep-figures.ts";
import { waitFor } from "../../lib/wait.ts";

const until = (what: string, look: () => boolean) =>
  waitFor(async () => look(), { what, timeout: 60_000, interval: 5 });

t.test("no look waits for a reading, none begins beside another, and what was read is kept", async (t) => {
  let readings = 0;
  const held = Promise.withResolvers<void>();
  const look = keepFigures(async () => {
    readings += 1;
    await held.promise;
    return { stack_a: readings };
  });
  t.same(look(), {});
  t.same(look(), {});
  held.resolve();
  await until("what was read", () => look().stack_a === 1);
  t.same(look(), { stack_a: 1 });
  t.equal(readings, 1, "the next is half a minute away");
});

t.test("a reading that fails leaves none, and the next one brings them back", async (t) => {
  let fails = false;
  const look = keepFigures(async () => {
    if (fails) throw new Error("gone");
    return { stack_a: 1 };
  }, 0);
  await until("figures", () => look().stack_a === 1);
  fails = true;
  await until("none", () => look().stack_a === undefined);
  fails = false;
  await until("figures again", () => look().stack_a === 1);
  t.same(look(), { stack_a: 1 });
});
