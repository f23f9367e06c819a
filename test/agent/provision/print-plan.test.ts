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

t.test("with differences, they are below their action", async (t) => {
  const diff = "--- /etc/motd\n+++ /etc/motd\n@@ -1,1 +1,1 @@\n-a\n+b";
  const actions = [{ stage: "system", do: "writeFile", what: "/etc/motd", why: "content differs", diff }];
  t.equal(
    printPlan({ actions, unseen: [] }),
    `system
  writeFile  /etc/motd  (content differs)
      --- /etc/motd
      +++ /etc/motd
      @@ -1,1 +1,1 @@
      -a
      +b

1 action; nothing was changed.
`,
  );
});
