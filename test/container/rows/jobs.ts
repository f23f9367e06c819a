import type { Test } from "tap";
import { waitFor } from "../../../lib/wait.ts";
import { jobsDocument } from "../../../stack/documents/jobs.ts";
import type { Machine } from "../create-machine.ts";
import { health } from "../health.ts";
import { required } from "../required.ts";
import { planIsEmpty } from "./reboot.ts";
import { runbookRow } from "./runbook.ts";

/** Turns that don't come while the test runs. */
const seldom = 'schedule: "0 3 29 2 *"';

const look = [
  "id -un; pwd",
  'echo "port $SERVICE_PORT"',
  'echo "secret $(cat "$CREDENTIALS_DIRECTORY/postgres_password" | wc -c)"',
  "touch /etc/by-a-job /opt/by-a-job 2>/dev/null; ls /etc/by-a-job /opt/by-a-job 2>/dev/null",
  "cat /var/lib/stack-agent/secrets/* 2>/dev/null",
  "exit $CODE",
].join("; ");

const jobs = (code: number): string => `
jobs:
  nightly-report: { ${seldom}, command: [/usr/bin/env, CODE=${code}, /bin/sh, -c, ${JSON.stringify(look)}], user: svc-broker-gateway }
  slow: { ${seldom}, command: [/bin/sleep, "60"], user: postgres, timeout: 2 }
  greedy: { ${seldom}, command: [/usr/bin/python3, -c, "bytearray(900 << 20)"], user: svc-frontend }
  turns: { ${seldom}, command: [/bin/sh, -c, "echo begins as $(id -u); sleep 4; echo ends"], user: root }
  often: { schedule: "* * * * *", command: [/bin/true], user: redis }
`;

/** Jobs of the definition: what they may, how they end, who tells of it. */
export function jobRows(t: Test, machine: Machine): void {
  const { port } = required.agent;
  const agent = (...args: string[]) => machine.exec("stack-agent", args, { accept: [0, 1, 2, 64], timeout: 120_000 });
  const define = async (text: string): Promise<void> => {
    const kept = "/etc/stack-agent/stack.yaml";
    await machine.exec("sh", ["-c", `sed -i '/^jobs:/,$d' ${kept}; cat >>${kept}`], { input: text });
    await machine.exec("stack-agent", ["provision"], { timeout: 180_000 });
    await machine.exec("stack-agent", ["status", "--wait"], { accept: [0, 2] });
  };
  const said = (job: string): Promise<string> =>
    machine.sh(`journalctl --sync && journalctl --no-pager -b -o cat SYSLOG_IDENTIFIER=${job}`);

  /** Health looks in its own time. */
  const told = (code: string) =>
    waitFor(async () => (await health(machine, port, "/health/jobs")).document.components[0]?.code === code, {
      what: `health to tell ${code} of the jobs`,
      timeout: 60_000,
      interval: 200,
    });

  t.test("a job has its account's sandbox, and what it prints is in the journal", async (t) => {
    await define(jobs(0));
    await planIsEmpty(t, machine);
    const ran = await agent("job", "run", "nightly-report");
    t.match(ran, { code: 0, stdout: /^nightly-report: ended well, after \d+\.\d\d s\.\n$/ });
    t.strictSame((await said("nightly-report")).split("\n"), [
      "svc-broker-gateway",
      "/opt/stock-analysis/services/broker-gateway/releases/0",
      "port 8001",
      "secret 41",
    ]);
    t.match(await agent("job", "run", "nightly"), { code: 64, stderr: /there is no job "nightly"/ });
    const { stderr } = await machine.exec(
      "runuser",
      ["-u", "nobody", "--", "stack-agent", "job", "run", "nightly-report"],
      {
        accept: [1],
      },
    );
    t.match(stderr, /must be run as root/);
  });

  t.test("one that takes too long, too much memory, or fails, is ended and told of", async (t) => {
    t.match(await agent("job", "run", "slow"), { code: 1, stdout: /^slow: did not end within 2 s \(journalctl -u/ });
    t.match(await agent("job", "run", "greedy"), { code: 1, stdout: /^greedy: .* more than 512 MiB/ });
    const listed = await agent("job", "ls", "--json");
    t.equal(listed.code, 2);
    const standing = new Map(jobsDocument.parse(JSON.parse(listed.stdout)).jobs.map((job) => [job.name, job]));
    t.match(standing.get("slow"), { lastError: /within 2 s/, lastSeconds: Number, nextRun: /-02-29T03:00:00/ });
    t.notOk(standing.get("nightly-report")?.lastError);
    t.notOk(standing.get("turns")?.lastRun);
    t.match((await agent("status")).stdout, /^slow .*\n {2}failed: did not end within 2 s/m);
    await told("job-failed");
    const metrics = await machine.inside().http({ url: `http://127.0.0.1:${port}/metrics` });
    t.match(metrics.body, /^stack_job_last_run_success\{job_name="slow"\} 0$/m);
    t.match(metrics.body, /^stack_job_last_run_success\{job_name="nightly-report"\} 1$/m);
    t.match(metrics.body, /^stack_job_next_run_timestamp_seconds\{job_name="slow"\} \d+$/m);
    const page = await machine.inside().http({ url: `http://127.0.0.1:${port}/` });
    t.match(page.body, /<tr><th scope="row">greedy<\/th>/);
    const anyone = await machine.sh("runuser -u nobody -- stack-agent job ls || true");
    t.match(anyone, /^slow/m);
    t.notMatch(anyone, /within 2 s/, "why it failed is for root");
  });

  t.test("two that ask at once have one run", async (t) => {
    const both = await Promise.all([agent("job", "run", "turns"), agent("job", "run", "turns")]);
    t.match(both, [{ code: 0 }, { code: 0 }]);
    t.equal(await said("turns"), "begins as 0\nends");
  });

  runbookRow(t, machine, "Jobs", { accept: [0, 2] });

  t.test("a changed job is put into force; its turn comes by itself, and all is well again", async (t) => {
    await define(jobs(3).replace(/^ {2}(slow|greedy):.*\n/gm, ""));
    await planIsEmpty(t, machine);
    t.match(await agent("job", "run", "nightly-report"), {
      code: 1,
      stdout: /^nightly-report: ended with exit code 3/,
    });
    await define(jobs(0).replace(/^ {2}(slow|greedy):.*\n/gm, ""));
    t.match(await agent("job", "run", "nightly-report"), { code: 0 });
    const often = "until stack-agent job ls --json | grep -q '\"often\",[^}]*lastRun'; do sleep 1; done";
    await machine.sh(often, { timeout: 90_000 });
    t.equal((await agent("job", "ls")).code, 0);
    await told("ok");
    await define("");
    t.match(await agent("job", "run", "nightly-report"), { code: 64 }, "what is not declared any more is none");
    const left = "systemctl list-units --all --plain --no-legend 'stack-job@*'; find /etc/systemd -name 'stack-job@*'";
    t.notMatch(await machine.sh(left), /nightly-report|turns|often|slow|greedy/, "nothing of it is left");
    await planIsEmpty(t, machine);
  });
}
