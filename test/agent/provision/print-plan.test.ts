import t from "tap";
import { printPlan } from "../../../agent/provision/print-plan.ts";

t.test("a plan reads as a table by stage", async (t) => {
  t.equal(printPlan({ actions: [], unseen: [] }), "Nothing to do.\n");
  const actions = [
    { stage: "system", do: "makeSecret", what: "redis.auth", why: "not there" },
    { stage: "redis", do: "reloadUnits", what: "", why: "unit files change" },
    { stage: "redis", do: "startUnits", what: "redis-server@6379.service", why: "not running" },
  ];
  t.equal(
    printPlan({ actions, unseen: ["redis: cluster: no node is running"] }),
    `system
  makeSecret   redis.auth  (not there)

redis
  reloadUnits  (unit files change)
  startUnits   redis-server@6379.service  (not running)

3 actions; nothing was changed.

Can be seen only later:
  redis: cluster: no node is running
`,
  );
});
