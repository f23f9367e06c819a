import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Evidence } from "../../engine/evidence.ts";
import { readTextIfAny } from "../../lib/files.ts";
import type { Run } from "../../lib/run.ts";
import { logSources } from "../../stack/log-sources.ts";
import type { Model } from "../../stack/model.ts";
import { journalMatches } from "../logs/journal-matches.ts";

export interface MachineEvidenceOptions {
  readonly model: Model;
  readonly run: Run;
  readonly signal: AbortSignal;
  /** As journalctl takes it. */
  readonly since: string;
}

/** Exit codes with which a command has told something all the same. */
const anyCode = Array.from({ length: 256 }, (_, code) => code);

/** What the agent says of the stack, what the machine is, and what was written to the journal. */
export function machineEvidence({ model, run, signal, since }: MachineEvidenceOptions): readonly Evidence[] {
  const told = (path: string, about: string, command: string, ...args: string[]): Evidence => ({
    path,
    about,
    collect: async () => {
      const { stdout, stderr } = await run(command, args, { signal, accept: anyCode, timeout: 180_000 });
      return stdout + (stderr === "" ? "" : `\n--- standard error ---\n${stderr}`);
    },
  });
  const agent = (name: string, ...args: string[]): Evidence =>
    told(`stack/${name}`, `stack-agent ${args.join(" ")}`, "stack-agent", ...args);
  const file = (path: string, from: string): Evidence => ({
    path,
    about: from,
    collect: async () => (await readTextIfAny(from)) ?? Promise.reject(new Error("there is no such file")),
  });
  const shell = (path: string, line: string): Evidence => told(`machine/${path}`, line, "sh", "-c", line);
  const journal = ["--no-pager", "--no-hostname", "--output=short-iso-precise", `--since=${since}`, "--lines=50000"];
  return [
    agent("status.json", "status", "--format", "json"),
    agent("health.json", "health", "--format", "json"),
    agent("drift.json", "drift", "--json"),
    agent("doctor.json", "doctor", "--json"),
    agent("jobs.json", "job", "ls", "--json"),
    agent("services.json", "service", "ls", "--json"),
    agent("secrets.json", "secrets", "ls", "--json"),
    agent("analysis.json", "analyze", "--json"),
    {
      path: "stack/metrics.txt",
      about: "/metrics",
      collect: async () => {
        const url = `http://127.0.0.1:${model.definition.agent.port}/metrics`;
        return (await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(5_000)]) })).text();
      },
    },
    file("stack/stack.yaml", model.paths.definition),
    file("stack/manifest.json", `${model.paths.share}/manifest.json`),
    file("stack/progress.json", `${model.paths.run}/progress.json`),
    file("stack/timeline.json", `${model.paths.run}/timeline.json`),
    file("stack/updates.json", `${model.paths.run}/updates.json`),
    shell(
      "system.txt",
      "uname -a; cat /etc/os-release; uptime; timedatectl 2>/dev/null || date; cat /proc/self/uid_map",
    ),
    shell(
      "memory.txt",
      "free -m; cat /proc/meminfo; cat /sys/fs/cgroup/memory.* 2>/dev/null; cat /proc/pressure/memory 2>/dev/null",
    ),
    // No command lines: what another program is started with is its own matter.
    shell("processes.txt", "ps -eo pid,ppid,user:20,stat,etimes,time,rss,nlwp,unit:40,comm --sort=-rss"),
    shell("disk.txt", "df -h; df -i; cat /proc/mounts; du -xh --max-depth=2 /var | sort -h | tail -n 40"),
    shell("network.txt", "ip address; ip route; ip -6 route; cat /etc/resolv.conf /etc/hosts; ss -lntup; ss -s"),
    shell(
      "units.txt",
      "systemctl list-units --all --no-pager --plain; systemctl list-timers --all --no-pager; systemctl list-jobs",
    ),
    shell("limits.txt", "cat /proc/1/limits; sysctl fs.file-nr kernel.pid_max vm.overcommit_memory vm.swappiness"),
    shell("packages.txt", "dpkg-query --show; dpkg --audit; apt-mark showhold"),
    shell("sources.txt", "cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null; apt-cache policy"),
    file("machine/apt-history.log", "/var/log/apt/history.log"),
    file("machine/unattended-upgrades.log", "/var/log/unattended-upgrades/unattended-upgrades.log"),
    told(
      "journal/stack.txt",
      `what the stack wrote since ${since}`,
      "journalctl",
      ...journal,
      ...journalMatches(logSources(model)),
    ),
    told("journal/warnings.txt", `all warnings since ${since}`, "journalctl", ...journal, "--priority=warning"),
    told("journal/boots.txt", "boots that the journal knows", "journalctl", "--no-pager", "--list-boots"),
    {
      path: "machine/set-aside.txt",
      about: "damaged files that were set aside",
      collect: async () => (await Promise.all(model.data.map(({ path }) => setAside(path)))).flat().join("\n"),
    },
  ];
}

async function setAside(folder: string): Promise<string[]> {
  const all = await readdir(folder, { recursive: true }).catch(() => []);
  return all.filter((name) => name.includes(".set-aside-")).map((name) => join(folder, name));
}
