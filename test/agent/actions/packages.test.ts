import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { policyText } from "../../../agent/actions/packages.ts";
import { run } from "../../../lib/run.ts";

t.test("packages' servers are kept down while we install, and only then", async (t) => {
  const policy = join(t.testdir(), "policy-rc.d");
  const ask = async (pid: number) => {
    await writeFile(policy, policyText(pid));
    return (await run("sh", [policy, "redis-server", "start"], { accept: [0, 101] })).code;
  };
  t.equal(await ask(process.pid), 101);
  // A pid that no Linux gives: pid_max is at most 2^22.
  t.equal(await ask(4194305), 0, "left behind by a crash it forbids nothing");
});
