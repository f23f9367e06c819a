import t from "tap";
import { drawRound, faults, places } from "./draw-round.ts";

const draw = (seed: number, count: number) => Array.from({ length: count }, (_, number) => drawRound(seed, number));

t.test("a seed draws the same rounds again, each of them alone too", async (t) => {
  t.same(drawRound(7, 41), draw(7, 60)[41]);
  t.notSame(draw(7, 8), draw(8, 8));
});

t.test("eight rounds meet every fault and every place", async (t) => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const rounds = draw(seed, 8);
    t.same(new Set(rounds.map(({ fault }) => fault)), new Set(faults));
    // The eighth may be moved: provisioning can't be killed once all is up.
    const met = new Set(rounds.map(({ moment }) => moment.place));
    t.ok(places.filter((place) => !met.has(place)).every((place) => place === "up"));
  }
});

t.test("64 rounds meet every pair of them but one, each moment within its stage's extent", async (t) => {
  const rounds = draw(3, 64);
  const pairs = new Set(rounds.map(({ fault, moment }) => `${fault} ${moment.place}`));
  t.equal(pairs.size, 63);
  t.ok(rounds.every(({ moment }) => moment.ms >= 0 && moment.ms <= 4_000 && moment.actions <= 20));
  t.same(new Set(rounds.map(({ situation }) => situation)), new Set(["first", "copy", "later"]));
});
