import t from "tap";
import { ownerIds, parseAccounts } from "../../../engine/facts/accounts.ts";
import { limitFiles, memoryMiB } from "../../../engine/facts/memory.ts";
import { installedVersions } from "../../../engine/facts/read-packages.ts";
import { parseUnits } from "../../../engine/facts/read-units.ts";
import { parseDpkgStatus } from "../../../lib/dpkg-status.ts";

const host = "MemTotal:       16384000 kB\nMemFree: 1 kB\n";

t.test("memory is the least of MemTotal and every limit above us", async (t) => {
  const v2 = t.testdir({
    proc: { meminfo: host, self: { cgroup: "0::/system.slice/stack-provision.service\n" } },
    sys: {
      fs: {
        cgroup: {
          "memory.max": `${8 * 1024 ** 3}\n`,
          "system.slice": { "memory.max": "max\n", "stack-provision.service": { "memory.max": "max\n" } },
        },
      },
    },
  });
  t.equal(await memoryMiB(v2), 8192, "v2, the limit on the root of our cgroup namespace");

  const v1 = t.testdir({
    proc: { meminfo: host, self: { cgroup: "4:cpu,cpuacct:/\n3:memory:/a/b\n0::/x\n" } },
    sys: {
      fs: {
        cgroup: {
          memory: {
            "memory.limit_in_bytes": "9223372036854771712\n",
            a: {
              "memory.limit_in_bytes": `${4 * 1024 ** 3}\n`,
              b: { "memory.limit_in_bytes": "9223372036854771712\n" },
            },
          },
        },
      },
    },
  });
  t.equal(await memoryMiB(v1), 4096, "v1, a limit half way up");

  const none = t.testdir({ proc: { meminfo: host, self: { cgroup: "0::/\n" } } });
  t.equal(await memoryMiB(none), 16000, "no limit: MemTotal");
  await t.rejects(memoryMiB(t.testdir({})), { code: "no-meminfo" });
  t.same(limitFiles("0::/../../x\n").slice(-2), ["sys/fs/cgroup/memory.max", "sys/fs/cgroup/unified/memory.max"]);
});

t.test("units are read from one answer of systemctl, in the order asked", async (t) => {
  const text = `LoadState=loaded
ActiveState=active
UnitFileState=enabled
NeedDaemonReload=yes
InactiveExitTimestampMonotonic=1000
ExecMainStartTimestampMonotonic=2000

LoadState=not-found
ActiveState=inactive
UnitFileState=
NeedDaemonReload=no
InactiveExitTimestampMonotonic=0

Job=42
LoadState=loaded
ActiveState=activating
UnitFileState=enabled
NeedDaemonReload=no
InactiveExitTimestampMonotonic=3000
`;
  t.match(parseUnits(text, ["a.service", "b.service", "c.target"]), [
    {
      unit: "a.service",
      load: "loaded",
      active: "active",
      enabled: "enabled",
      starting: false,
      needsReload: true,
      started: 2000n,
    },
    { unit: "b.service", load: "not-found", active: "inactive", enabled: "", starting: false, started: 0n },
    { unit: "c.target", active: "activating", starting: true, started: 3000n },
  ]);
});

t.test("a package counts as installed only when it is whole, or another provides it", async (t) => {
  const text = `Package: redis-server
Status: install ok installed
Version: 5:7.0.15-1

Package: removed
Status: deinstall ok config-files
Version: 1.0

Package: half
Status: install ok half-configured
Version: 1.0

Package: mawk
Status: install ok installed
Provides: awk, old-awk (= 1.3)
Version: 1.3.4
`;
  t.same(
    [...installedVersions(parseDpkgStatus(text))],
    [
      ["redis-server", "5:7.0.15-1"],
      ["mawk", "1.3.4"],
      ["awk", "1.3.4"],
      ["old-awk", "1.3.4"],
    ],
  );
});

t.test("an owner is looked up by name, and an unknown one is named", async (t) => {
  const accounts = {
    users: parseAccounts("root:x:0:0::/:/bin/sh\n"),
    groups: parseAccounts("root:x:0:\nadm:x:4:a,b\n"),
  };
  t.same(ownerIds("root:adm", accounts), { uid: 0, gid: 4 });
  t.throws(() => ownerIds("root:redis", accounts), { code: "no-such-user", message: /group for root:redis/ });
});
