import { join, resolve } from "node:path";
import t from "tap";
import { run } from "../../lib/run.ts";
import { drawRound } from "./draw-round.ts";
import { resultsDocument, table } from "./table.ts";

const cuts = join(resolve(import.meta.dirname, "../.."), "bin", "cuts");

t.test("what can't be a number of rounds ends with 64 and says so; --help teaches", async (t) => {
  for (const args of [["--rounds", "some"], ["--seed", "-1"], ["--round", "3", "--from", "2"], ["--nonsense"]]) {
    const { code, stderr } = await run(cuts, args, { accept: [64] });
    t.equal(code, 64);
    t.match(stderr, args[0]);
  }
  t.match((await run(cuts, ["--help"])).stdout, /--seed 7 --round 23 +# one of them alone/);
});

t.test("the table and the document count a round that failed as that", async (t) => {
  const of = (number: number) => ({ round: drawRound(9, number), boots: 1 });
  const results = [
    { ...of(0), passed: true, seconds: 4 },
    { ...of(8), passed: false, seconds: undefined },
    { ...of(64), passed: false, seconds: 30.5 },
  ];
  const row = table(results)
    .split("\n")
    .find((line) => line.startsWith(drawRound(9, 0).fault));
  t.match(row, /1\/2 .*0\/1 .*1 +4\.0 +30\.5$|0\/1 .*1\/2 .*1 +4\.0 +30\.5$/);
  t.match(resultsDocument(9, results), {
    seed: 9,
    rounds: [
      { round: 0, passed: true, seconds: 4 },
      { round: 8, passed: false },
      { round: 64, passed: false },
    ],
  });
});
