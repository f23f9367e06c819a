import { readdir } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { leftUnproven, markUnproven, pruneUnproven } from "../../../agent/trial/unproven.ts";

t.test("a release that was laid by an upgrade which was killed goes, and no other", async (t) => {
  const history = { schemaVersion: 1, release: "1.1.0-b", previous: "1.0.0-a", since: "2026-11-30T10:00:00Z" };
  const folder = t.testdir({
    state: { "stack-release.json": JSON.stringify(history) },
    releases: { "0": {}, "1.0.0-a": {}, "1.1.0-b": {}, "1.2.0-c": { bin: { node: "" } }, current: "" },
  });
  const [state, releases] = [join(folder, "state"), join(folder, "releases")];
  t.same(await leftUnproven(state, releases), []);
  // In force, or the one before: an upgrade was cut off after it was decided.
  for (const id of ["1.0.0-a", "1.1.0-b", "1.2.0-c"]) await markUnproven(join(releases, id));
  t.same(await leftUnproven(state, releases), ["1.2.0-c"]);
  await pruneUnproven(state, releases);
  t.same((await readdir(releases)).sort(), ["0", "1.0.0-a", "1.1.0-b", "current"]);
  t.same(await leftUnproven(state, join(folder, "absent")), [], "a host without releases");
});
