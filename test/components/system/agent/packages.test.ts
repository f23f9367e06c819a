import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { explainApt } from "../../../../components/system/agent/explain-apt.ts";
import { isOurPolicy, newPackages, policyText, startTime } from "../../../../components/system/agent/packages.ts";
import { StackError } from "../../../../lib/error.ts";
import { run } from "../../../../lib/run.ts";

t.test("packages' servers are kept down while we install, and only then", async (t) => {
  const policy = join(t.testdir(), "policy-rc.d");
  const ask = async (pid: number, started: string) => {
    await writeFile(policy, policyText(pid, started));
    return (await run("sh", [policy, "redis-server", "start"], { accept: [0, 101] })).code;
  };
  const started = await startTime(process.pid);
  t.match(started, /^\d+$/);
  t.equal(await ask(process.pid, started), 101);
  t.equal(await ask(process.pid, `${Number(started) + 1}`), 0, "a later process of the same number is another one");
  // A pid that no Linux gives: pid_max is at most 2^22.
  t.equal(await ask(4194305, started), 0, "left behind by a crash it forbids nothing");
  t.ok(isOurPolicy(policyText(1, "2")), "and the next run knows it by its mark");
  t.notOk(isOurPolicy("#!/bin/sh\nexit 101\n"), "the admin's own is no business of ours");
});

t.test("what comes new is told from what is upgraded", async (t) => {
  const simulation = `Reading package lists...
Inst libpq5 (15.8-0+deb12u1 Debian:12.8/stable [amd64])
Inst libc6 [2.36-9] (2.36-9+deb12u9 Debian:12.8/stable [amd64])
Inst redis-server (5:7.0.15-1~deb12u1 Debian:12.8/stable [amd64]) []
Conf libpq5 (15.8-0+deb12u1 Debian:12.8/stable [amd64])
`;
  t.same(newPackages(simulation), ["libpq5", "redis-server"]);
});

t.test("a failure of apt says which package or source it is, and what helps", async (t) => {
  const told = (...detail: string[]) => {
    const { code, message } = explainApt(new StackError("command-failed", "apt-get", { detail }));
    return [code, message];
  };
  t.same(told("E: Unable to locate package rabbitmq-server"), [
    "package-unavailable",
    "none of this machine's package sources has rabbitmq-server",
  ]);
  t.same(told("E: Package 'redis-server' has no installation candidate"), [
    "package-unavailable",
    "none of this machine's package sources has redis-server",
  ]);
  t.same(told("E: Failed to fetch http://mirror/x  Temporary failure resolving 'mirror'"), [
    "network",
    "packages can't be downloaded: the name mirror can't be resolved",
  ]);
  t.same(told("E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 77 (unattended-upgr)"), [
    "apt-locked",
    "unattended-upgr (pid 77) holds /var/lib/dpkg/lock-frontend",
  ]);
  t.same(told("E: Failed to fetch file:/repo/redis.deb  File not found - /repo/redis.deb (2)"), [
    "download-failed",
    "file:/repo/redis.deb can't be downloaded: File not found - /repo/redis.deb (2)",
  ]);
  t.same(told("dpkg: error: dpkg frontend lock was locked by another process with pid 45"), [
    "apt-locked",
    "another dpkg or apt is at work (pid 45)",
  ]);
  t.same(told("dpkg: something else"), ["command-failed", "apt-get"]);
});
