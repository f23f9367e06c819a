import type { BareModel } from "../../model.ts";
import { clusterGroup } from "../cluster/model.ts";
import type { DeclaredUnit, OwnPart } from "../component.ts";
import type { Process } from "../process.ts";
import { buildFile } from "../system/component.ts";
import { jobMemory } from "./declared-jobs.ts";
import { healthToken } from "./health-token.ts";
import { completionData, manualData } from "./manual.ts";
import { requestFolder, rootJobSchedule, rootJobsOf, updatesTimeout } from "./root-jobs.ts";

export const agentUser = "stack-agent";

/** The agent itself: its units, its launcher, the users of the stack. */
export const agent: OwnPart = {
  name: "agent",
  // The Node binary needs libstdc++; the journald addon libsystemd.
  packages: () => ["libstdc++6", "libsystemd0"],
  users: (model) => [
    {
      name: agentUser,
      id: 300,
      comment: `Agent of the ${model.name} stack`,
      home: model.paths.state,
      groups: model.cluster === undefined ? [] : [clusterGroup],
    },
  ],
  secrets: () => [healthToken],
  ports: (model) => [{ port: model.definition.agent.port, owner: "agent", what: "health, status page", bind: "any" }],
  processes: (stack) => [server(stack)],
  units: (model) => [
    { unit: "stack-provision.service", want: "enabled", wantedBy: "multi-user.target" },
    ...model.jobs.map(
      ({ name }): DeclaredUnit => ({
        unit: `stack-job@${name}.path`,
        want: "enabled",
        wantedBy: "multi-user.target",
        running: true,
      }),
    ),
    ...rootJobsOf(model.definition).map((job): DeclaredUnit => {
      const unit = `stack-job@${job}.path`;
      if (rootJobSchedule(job, model.definition) === undefined) return { unit, want: "disabled" };
      return { unit, want: "enabled", wantedBy: "multi-user.target", running: true };
    }),
  ],
  files: (model) => [
    buildFile("/usr/lib/sysusers.d/stack-agent.conf", "rootfs-overlay/usr/lib/sysusers.d/stack-agent.conf.ejs"),
    buildFile("/usr/lib/tmpfiles.d/stack-agent.conf", "rootfs-overlay/usr/lib/tmpfiles.d/stack-agent.conf"),
    { ...buildFile("/usr/bin/stack-agent", "rootfs-overlay/usr/bin/stack-agent"), mode: 0o755 },
    {
      ...buildFile("/usr/lib/stack-agent/restart-delay", "rootfs-overlay/usr/lib/stack-agent/restart-delay"),
      mode: 0o755,
    },
    {
      ...buildFile("/usr/lib/stack-agent/lend-credential", "rootfs-overlay/usr/lib/stack-agent/lend-credential"),
      mode: 0o755,
    },
    {
      ...buildFile("/usr/lib/stack-agent/sandbox-probe", "rootfs-overlay/usr/lib/stack-agent/sandbox-probe"),
      mode: 0o755,
    },
    {
      ...buildFile(
        "/usr/lib/systemd/system-generators/stack-sandbox",
        "rootfs-overlay/usr/lib/systemd/system-generators/stack-sandbox",
      ),
      mode: 0o755,
    },
    buildFile("/etc/stack-agent/sandbox", "rootfs-overlay/etc/stack-agent/sandbox.ejs"),
    {
      ...buildFile("/usr/share/man/man1/stack-agent.1", "rootfs-overlay/usr/share/man/man1/stack-agent.1.ejs"),
      data: { manual: manualData() },
    },
    {
      ...buildFile(
        "/usr/share/bash-completion/completions/stack-agent",
        "rootfs-overlay/usr/share/bash-completion/completions/stack-agent.ejs",
      ),
      data: { completion: completionData(model) },
    },
    {
      // What the machine was last brought to: the agent has read it at its start.
      ...buildFile(
        "/usr/share/stack-agent/definition.json",
        "rootfs-overlay/usr/share/stack-agent/definition.json.ejs",
      ),
      unit: "stack-agent.service",
    },
    { path: "/var/lib/stack-agent", kind: "directory", mode: 0o755, owner: "root:root", when: "build" },
    {
      path: "/var/lib/stack-agent/secrets",
      kind: "directory",
      mode: 0o750,
      owner: `root:${agentUser}`,
      when: "build",
    },
    buildFile("/etc/systemd/system/stack-provision.service", "units/stack-provision.service.ejs"),
    // On /run: made at boot by tmpfiles.d, and by the agent on a host that was not booted since.
    {
      path: `${model.paths.run}/${requestFolder}`,
      kind: "directory",
      mode: 0o770,
      owner: `root:${agentUser}`,
      when: "boot",
    },
    buildFile("/etc/systemd/system/stack-job@.service", "units/stack-job@.service.ejs"),
    {
      ...buildFile("/etc/systemd/system/stack-job@updates.service", "units/updates-job.service.ejs"),
      data: { timeout: updatesTimeout },
    },
    // A unit of the instance's own goes before the template of root's.
    ...model.jobs.map((job) => ({
      ...buildFile(`/etc/systemd/system/${job.unit}`, "units/declared-job.service.ejs"),
      data: { job, memory: jobMemory },
    })),
    { ...buildFile("/usr/lib/stack-agent/job-ended", "rootfs-overlay/usr/lib/stack-agent/job-ended"), mode: 0o755 },
    ...[...rootJobsOf(model.definition), ...model.jobs.map(({ name }) => name)].map((job) => ({
      ...buildFile(`/etc/systemd/system/stack-job@${job}.path`, "units/stack-job.path.ejs"),
      unit: `stack-job@${job}.path`,
      data: { job },
    })),
  ],
};

function server({ name, paths, cluster }: BareModel): Process {
  return {
    unit: "stack-agent.service",
    logName: "stack-agent",
    title: `Health and jobs of the ${name} stack`,
    template: { path: "units/stack-agent.service.ejs" },
    user: agentUser,
    command: ["/usr/bin/stack-agent", "serve"],
    ready: "notify",
    watchdog: 30,
    stop: { value: { within: 10 } },
    restart: "always",
    restartAfter: 2,
    environment: [
      {
        name: "NODE_OPTIONS",
        value: "--jitless",
        why: "V8 makes no machine code, for which it would keep 5 to 25 megabytes; an answer takes a quarter of a millisecond, not a fifth.",
      },
      {
        name: "MALLOC_ARENA_MAX",
        value: "1",
        why: "What the start needed and the idle agent does not goes back to the system: seven megabytes.",
      },
      {
        name: "MALLOC_TRIM_THRESHOLD_",
        value: "65536",
      },
      {
        name: "MALLOC_MMAP_THRESHOLD_",
        value: "32768",
        why: "V8's parser and collector take pieces of up to 32 KiB: in the heap they left a hole of five megabytes.",
      },
    ],
    writable: [`-${paths.run}/${requestFolder}`],
    sandbox: {
      ...{ network: "any", wholeProc: "how much memory is left is read from meminfo" },
      // Which of the nodes it is on its addresses tell (getifaddrs(3)).
      ...(cluster && { families: "AF_NETLINK" }),
    },
  };
}
