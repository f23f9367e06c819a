import t from "tap";
import { howItEnded } from "../../../agent/jobs/how-it-ended.ts";

const job = { name: "tidy", timeout: 90, unit: "stack-job@tidy.service" };

t.test("what systemd says of a run's end is told in words, with where to read more", async (t) => {
  for (const [said, told] of [
    ["success 0\n", undefined],
    ["exit-code 3\n", "ended with exit code 3"],
    ["timeout TERM\n", "did not end within 90 s"],
    ["oom-kill KILL\n", "needed more than 512 MiB of memory"],
    ["signal KILL\n", "was ended by SIGKILL; so is one that needs more than 512 MiB"],
    ["signal SEGV\n", "was ended by SIGSEGV"],
    ["resources \n", "systemd could not run it: resources"],
  ] as const) {
    const found = await howItEnded(job, t.testdir({ ended: { tidy: said } }));
    t.equal(found, told === undefined ? undefined : `${told} (journalctl -u stack-job@tidy.service -n 20)`);
  }
  t.match(await howItEnded(job, t.testdir({})), /^nobody knows how it ended/);
});
