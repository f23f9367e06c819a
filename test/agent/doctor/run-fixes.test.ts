import t from "tap";
import { describeFix, plannedFixes, runFixes } from "../../../agent/doctor/run-fixes.ts";
import { StackError } from "../../../lib/error.ts";
import { silentLog } from "../../../lib/log.ts";
import type { Run } from "../../../lib/run.ts";

const restart = { command: ["systemctl", "restart", "a.service"], effect: "nobody notices" };
const again = { command: ["sh", "-c", "redis-cli --askpass PING </secret"], effect: "once more" };

t.test(
  "only what its finding declares is run, each named before, and one that fails keeps none from its turn",
  async (t) => {
    const fixes = plannedFixes({
      machine: [
        { name: "disk", status: "warn", message: "full", hint: "rm -rf /" },
        { name: "restarts", status: "warn", message: "old", fixes: [restart, again] },
      ],
    });
    t.strictSame(fixes.map(describeFix), [
      "restarts: systemctl restart a.service\n    nobody notices",
      "restarts: redis-cli --askpass PING </secret\n    once more",
    ]);
    const events: string[] = [];
    const run: Run = async (command, args) => {
      events.push(`ran ${[command, ...args].join(" ")}`);
      if (command === "systemctl") throw new StackError("command-failed", "it did not start");
      return { stdout: "", stderr: "", code: 0 };
    };
    const { signal } = new AbortController();
    const fixed = await runFixes(fixes, { run, log: silentLog, signal, tell: (line) => void events.push(line) });
    t.strictSame(events, [
      "restarts: systemctl restart a.service",
      "ran systemctl restart a.service",
      "  failed: it did not start",
      "restarts: redis-cli --askpass PING </secret",
      "ran sh -c redis-cli --askpass PING </secret",
    ]);
    t.match(fixed, [
      { finding: "restarts", error: "it did not start" },
      { finding: "restarts", error: undefined },
    ]);
  },
);
