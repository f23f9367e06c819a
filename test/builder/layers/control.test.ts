import t from "tap";
import {
  formatControl,
  parseControl,
  sourceOf,
  withoutDependencies,
  withSuffix,
} from "../../../builder/layers/relocated/control.ts";

t.test("a control file is read and written as it is", async (t) => {
  const text = "Package: a\nSource: b (1:2)\nDescription: short\n long\n .\n more\nVersion: 3\n";
  t.equal(formatControl(parseControl(text)), text);
  t.strictSame(sourceOf(parseControl(text)), { name: "b", version: "1:2" });
  t.strictSame(sourceOf(parseControl("Package: a\nVersion: 3\n")), { name: "a", version: "3" });
  t.strictSame(sourceOf(parseControl("Package: a\nSource: c\nVersion: 3\n")), { name: "c", version: "3" });
  t.throws(() => parseControl("what is this\n"), { code: "bad-control" });
});

t.test("dependencies that are met by another package are asked for no more, and that one is, once", async (t) => {
  const replaced = (name: string): boolean => ["libc6", "libssl3t64"].includes(name);
  for (const [before, after] of [
    ["procps, libc6 (>= 2.38), libtinfo6 (>= 6)", "procps, libtinfo6 (>= 6), ours (= 1)"],
    ["libc6 (>= 2.38), libssl3t64 (>= 3.4.0)", "ours (= 1)"],
    ["libc6:any (>= 2.38) | libc6.1, x", "x, ours (= 1)"],
    ["x (>= 1) | y, libc6-dev", "x (>= 1) | y, libc6-dev"],
    ["", ""],
  ] as const)
    t.equal(withoutDependencies(before, replaced, "ours (= 1)"), after, before);
});

t.test("moved packages ask for each other as moved, in every alternative, and for others as before", async (t) => {
  const moved = (name: string): boolean => name.startsWith("erlang-");
  t.equal(
    withSuffix("erlang-base (= 1:27) | erlang-base-x (= 1:27), z (= 1:27), erlang-c (>= 1:27)", "1:27", "~m1", moved),
    "erlang-base (= 1:27~m1) | erlang-base-x (= 1:27~m1), z (= 1:27), erlang-c (>= 1:27)",
  );
});
