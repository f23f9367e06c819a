import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import t from "tap";
import { bundleAgent } from "../../../builder/layers/stack-agent/bundle.ts";
import { run } from "../../../lib/run.ts";

const project = resolve(import.meta.dirname, "../../..");

t.test(
  "bundled, the clock of the jobs asks Intl for nothing in UTC: the tables it loads are megabytes",
  async (t) => {
    const folder = t.testdir();
    const entry = join(folder, "entry.ts");
    writeFileSync(
      entry,
      `import { jobRunner } from ${JSON.stringify(join(project, "agent/jobs/runner.ts"))};
    let asked = 0;
    const known = Intl.DateTimeFormat;
    Intl.DateTimeFormat = new Proxy(known, {
      construct: (target, args) => { asked += 1; return new target(...args); },
      apply: (target, _, args) => { asked += 1; return target(...args); },
    });
    const runner = jobRunner({
      jobs: [{ name: "hourly", schedule: "0 * * * *", run: async () => {} }],
      context: {} as never,
      clock: { now: () => 0, date: () => new Date() },
      log: () => {},
      timeZone: process.argv[2] ?? "",
      ready: () => true,
    });
    process.stdout.write(JSON.stringify({ asked, next: runner.states()[0]?.nextRun }));
    void runner.stop();`,
    );
    const program = join(folder, "program.cjs");
    writeFileSync(program, (await bundleAgent(project, entry)).text);
    const tell = async (zone: string): Promise<{ asked: number; next: string }> =>
      JSON.parse((await run(process.execPath, [program, zone], { timeout: 60_000 })).stdout);

    const utc = await tell("Etc/UTC");
    t.match(utc.next, /T\d\d:00:00.000Z$/, "it knows the job's next turn");
    t.equal(utc.asked, 0);
    t.not((await tell("Asia/Kolkata")).asked, 0, "in another zone it can't do without");
  },
);

t.test("of zod's languages the agent has English", async (t) => {
  const { text } = await bundleAgent(project);
  t.match(text, "Invalid input: expected", "English");
  t.notMatch(text, /Ongeldige/, "Dutch");
});
