import t from "tap";
import { leftJobs, planLeftJobs } from "../../../../components/system/agent/left-jobs.ts";
import { stackModel } from "../../../stack/stack-model.ts";

const etc = "/etc/systemd/system";
const reader = (...names: readonly string[]) => ({ names: async (folder: string) => (folder === etc ? names : []) });

t.test("units of a job that is not declared any more go; the stack's own and what is nobody's job stay", async (t) => {
  const declared = { report: { schedule: "* * * * *", command: ["/bin/true"] as const, user: "root", timeout: 60 } };
  const model = stackModel("bookworm", { jobs: declared } as never);
  const ours = model.files.flatMap(({ path }) => (path.startsWith(`${etc}/stack-job@`) ? [path] : []));
  t.ok(ours.includes(`${etc}/stack-job@report.service`));
  t.ok(ours.includes(`${etc}/stack-job@drift.path`));
  const names = [
    ...ours.map((path) => path.slice(etc.length + 1)),
    "stack-job@old.path",
    "stack-job@old.service",
    "stack-job@old.service.d",
    "my-stack-job@old.service",
  ];
  t.same(await leftJobs(reader(...names), model), [`${etc}/stack-job@old.path`, `${etc}/stack-job@old.service`]);
  t.same(await leftJobs(reader(...names.slice(0, ours.length)), model), []);
  t.same(planLeftJobs([]), []);
});

t.test("they are disabled before their files go: a run that is cut off is carried on", async (t) => {
  const told = (paths: readonly string[]) =>
    planLeftJobs(paths).map(({ do: kind, args }) => [kind, ...Object.values(args).flat()].join(" "));
  t.same(told([`${etc}/stack-job@old.path`, `${etc}/stack-job@old.service`]), [
    "disableUnits stack-job@old.path",
    "stopUnits stack-job@old.service",
    `removeFile ${etc}/stack-job@old.path`,
    `removeFile ${etc}/stack-job@old.service`,
    "reloadUnits",
  ]);
  t.same(told([`${etc}/stack-job@old.service`]), [
    "stopUnits stack-job@old.service",
    `removeFile ${etc}/stack-job@old.service`,
    "reloadUnits",
  ]);
});
