import t from "tap";
import { corpus, playRounds, tryInput } from "./play.ts";
import { targets } from "./targets.ts";

/** Some of each; `npm run fuzz` plays any number. */
const rounds = 150;

for (const target of targets) {
  t.test(`${target.name} takes any input, or refuses it by an error with a code`, async (t) => {
    t.teardown(() => target.close?.());
    for (const seed of await target.seeds()) t.equal(await tryInput(target, seed), undefined, "a good one");
    for (const { file, input } of await corpus(target.name)) t.equal(await tryInput(target, input), undefined, file);
    for (const { input, what } of await playRounds(target, { seed: 1, rounds })) {
      t.fail(what, { input: input.toString("latin1") });
    }
  });
}

t.test("what is not met as it should be is found", async (t) => {
  const broken = { name: "broken", seeds: () => [Buffer.from("abc")], read: (input: Buffer) => input.readUInt32BE(0) };
  const [fault] = await playRounds(broken, { seed: 1, rounds: 50 });
  t.match(fault?.what, /RangeError/);
});
