import t from "tap";
import { hasRange } from "../../../builder/validate/user-namespace.ts";

t.test("a user has subordinate ids by name or number, if they are a whole system's", async (t) => {
  t.ok(hasRange("root:100000:65536\nann:165536:65536\n", "ann", 1001));
  t.ok(hasRange("1001:165536:65536\n", "ann", 1001));
  t.notOk(hasRange("ann:165536:1000\n", "ann", 1001));
  t.notOk(hasRange("bob:165536:65536\n", "ann", 1001));
  t.notOk(hasRange("", "ann", 1001));
});
