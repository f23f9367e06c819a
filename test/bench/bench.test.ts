import { join, resolve } from "node:path";
import t from "tap";
import { run } from "../../lib/run.ts";
import { type Machine, machine } from "./machine.ts";
import { judge, least, type Result, type Row, spread } from "./row.ts";
import { table } from "./table.ts";

const bench = join(resolve(import.meta.dirname, "../.."), "bin", "bench");
const quiet: Machine = { ...machine(), cores: 2, load: 0.1 };
const row: Row = {
  name: "overlay",
  title: "rebuild",
  target: { atMost: 2, unit: "s" },
  measure: async () => ({ figure: { value: 1, unit: "s" } }),
};

t.test("a row's target is met up to its limit and missed beyond", async (t) => {
  t.equal(judge(row, { figure: { value: 2, unit: "s" } }).verdict, "met");
  t.equal(judge(row, { figure: { value: 2.01, unit: "s" } }).verdict, "missed");
  t.equal(judge(row, { figure: { value: Number.NaN, unit: "s" } }).verdict, "missed");
});

t.test("what is compared is the ratio to the reference, where a row has one", async (t) => {
  const share: Row = { ...row, target: { atMost: 0.05, unit: "×" } };
  const measured = { figure: { value: 2, unit: "s" }, compared: { value: 0.04, unit: "×" } } as const;
  t.equal(judge(share, measured).verdict, "met");
  t.throws(() => judge(share, { figure: { value: 0.01, unit: "s" } }), /s against ×/);
});

t.test("the least of several repeats stands for them, and how far they lie apart is known", async (t) => {
  const figure = least([2.4, 2, 3], "s");
  t.equal(figure.value, 2);
  t.equal(spread(figure), 0.5);
  t.equal(spread(least([2], "s")), 0);
});

t.test("the table says met, MISSED and failed, and what a failed row failed of", async (t) => {
  const failed: Result = { name: "cold", title: "build", verdict: "failed", error: "no mirror" };
  const rows = [judge(row, { figure: { value: 1.5, unit: "s" } }), judge(row, { figure: { value: 9, unit: "s" } })];
  const text = table([...rows, failed], quiet, quiet);
  t.match(text, /1\.50 s +– +– +≤ 2\.00 s +met\n/);
  t.match(text, /9\.00 s +– +– +≤ 2\.00 s +MISSED\n/);
  t.match(text, /cold: build .* failed\n/);
  t.match(text, "cold: no mirror");
  t.notMatch(text, "NOISY");
});

t.test("figures of a busy machine are called noisy: by its load, and by repeats that lie apart", async (t) => {
  const result = judge(row, { figure: least([1, 1.5], "s") });
  t.match(table([result], quiet, quiet), /NOISY: repeats .* in overlay/);
  t.match(table([], { ...quiet, load: 1.9 }, quiet), "NOISY: other work");
});

t.test("rows can be listed and chosen; an unknown one ends with 64 and names those there are", async (t) => {
  const { stdout } = await run(bench, ["--list"]);
  const names = stdout.split("\n").flatMap((line) => line.split("\t").slice(0, 1).filter(Boolean));
  t.ok(names.includes("cold"));
  t.equal(new Set(names).size, names.length);
  const { code, stderr } = await run(bench, ["--only", "nonsense"], { accept: [64] });
  t.equal(code, 64);
  for (const name of names) t.match(stderr, name);
});
