import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { outdatedFiles, outdatedUnits } from "../../../../../components/system/agent/updates/outdated-units.ts";
import { parseSimulation } from "../../../../../components/system/agent/updates/pending-updates.ts";
import { restartSteps } from "../../../../../components/system/agent/updates/restart-steps.ts";
import { updatesOutcome } from "../../../../../components/system/agent/updates/updates-check.ts";
import { waitFor } from "../../../../../lib/wait.ts";
import type { UpdatesDocument } from "../../../../../stack/documents/updates.ts";
import { stackModel } from "../../../../stack/stack-model.ts";

t.test("what apt would replace is read of its simulation, and which of it is for security", async (t) => {
  const simulation = `NOTE: This is only a simulation!
Inst libgcrypt20 [1.10.1-3] (1.10.1-3+deb12u1 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64])
Inst liblzma-dev [5.4.1-1] (5.4.1-1+deb12u2 Debian-Security:12/oldstable-security [amd64]) []
Inst bash [5.2.15-2+b8] (5.2.15-2+b13 Debian:12.15/oldstable [amd64])
Inst brand-new (1.0 Debian-Security:12/oldstable-security [amd64])
Inst other [1] (2 Not-Debian-Security:1/x [amd64])
Conf bash (5.2.15-2+b13 Debian:12.15/oldstable [amd64])
`;
  t.strictSame(
    parseSimulation(simulation).map((one) => [one.package, one.installed, one.candidate, one.security]),
    [
      ["libgcrypt20", "1.10.1-3", "1.10.1-3+deb12u1", true],
      ["liblzma-dev", "5.4.1-1", "5.4.1-1+deb12u2", true],
      ["bash", "5.2.15-2+b8", "5.2.15-2+b13", false],
      ["other", "1", "2", false],
    ],
  );
});

const map = (permissions: string, path: string) =>
  `7f0000000000-7f0000001000 ${permissions} 00000000 fe:01 4242   ${path}\n`;

t.test("a replaced program or library counts; shared memory, data and a service's own release do not", async (t) => {
  const maps = [
    map("r-xp", "/usr/lib/x86_64-linux-gnu/libssl.so.3 (deleted)"),
    map("r--p", "/usr/lib/x86_64-linux-gnu/libcrypto.so.3 (deleted)"),
    map("r--p", "/usr/lib/locale/locale-archive (deleted)"),
    map("rwxs", "/dev/zero (deleted)"),
    map("r-xp", "/memfd:jit (deleted)"),
    map("r-xp", "/opt/shop/services/web/releases/1/x.so (deleted)"),
    map("r-xp", "/usr/local/bin/own (deleted)"),
    map("r-xp", "/usr/bin/python3.11"),
    map("r-xp", "/lib/old library.so (deleted)"),
  ].join("");
  t.strictSame(outdatedFiles(maps), ["/usr/lib/x86_64-linux-gnu/libssl.so.3", "/lib/old library.so"]);
});

t.test("they are told by unit, each file once, and a process that ended is passed over", async (t) => {
  const deleted = map("r-xp", "/usr/bin/server (deleted)");
  const root = t.testdir({
    proc: {
      "10": { maps: deleted, cgroup: "0::/system.slice/one.service\n" },
      "11": { maps: deleted, cgroup: "0::/system.slice/one.service\n" },
      "12": { maps: map("r-xp", "/usr/bin/server"), cgroup: "0::/system.slice/two.service\n" },
      "13": {},
      "14": { maps: deleted, cgroup: "0::/\n" },
      self: {},
    },
  });
  t.strictSame(await outdatedUnits(root), [
    { unit: "one.service", files: ["/usr/bin/server"] },
    { unit: "process 14", files: ["/usr/bin/server"] },
  ]);
});

t.test("the kernel's own word of a program that was replaced while it runs", async (t) => {
  const folder = join(t.testdir(), "bin");
  mkdirSync(folder);
  const program = join(folder, "sleep");
  copyFileSync("/bin/sleep", program);
  const child = spawn(program, ["60"], { stdio: "ignore" });
  t.teardown(() => child.kill());
  const maps = async () => {
    const { readFile } = await import("node:fs/promises");
    return readFile(`/proc/${child.pid}/maps`, "utf8");
  };
  await waitFor(async () => (await maps()).includes(program), { what: "it to run", timeout: 10_000 });
  const asPackaged = (text: string) => text.replaceAll(folder, "/usr/bin");
  t.strictSame(outdatedFiles(asPackaged(await maps())), []);
  rmSync(program);
  writeFileSync(program, "");
  t.strictSame(outdatedFiles(asPackaged(await maps())), ["/usr/bin/sleep"]);
});

const now = Date.parse("2026-11-30T12:00:00Z");
const fresh = "2026-11-30T04:23:00Z";

function found(document: Partial<UpdatesDocument> = {}): UpdatesDocument {
  return { schemaVersion: 1, checkedAt: fresh, pending: [], restart: [], basis: "", ...document };
}

const pending = (name: string, security: boolean) => ({ package: name, installed: "1", candidate: "2", security });

t.test("health warns of what is for security, and never of what it does not know", async (t) => {
  const restart = [{ unit: "ssh.service", files: ["/usr/lib/x"] }];
  const table: readonly (readonly [UpdatesDocument | undefined, boolean, object])[] = [
    [undefined, true, { status: "pass", code: "not-looked" }],
    [found(), true, { status: "pass", code: "ok", observedValue: undefined, message: "the archives were never asked" }],
    [found({ listsAt: fresh }), true, { status: "pass", code: "ok", observedValue: 0, message: "none pending" }],
    [
      found({ listsAt: fresh, pending: [pending("bash", false)] }),
      true,
      { status: "pass", observedValue: 0, message: /^1 pending/ },
    ],
    [
      found({ listsAt: fresh, pending: [pending("bash", false), pending("libssl3", true)] }),
      true,
      { status: "warn", code: "security-updates", observedValue: 1, message: /^security updates of libssl3 / },
    ],
    [found({ restart }), true, { status: "warn", code: "restart-needed", message: /^ssh\.service run/ }],
    [
      found({ listsAt: fresh, pending: [pending("libssl3", true)], restart }),
      true,
      { code: "security-updates", message: /libssl3.*; ssh\.service/ },
    ],
    [found({ listsAt: "2026-11-26T00:00:00Z" }), true, { status: "warn", code: "old-lists" }],
    [found({ listsAt: "2026-11-26T00:00:00Z" }), false, { status: "pass", code: "ok" }],
    [found({ listsAt: fresh, error: "broken" }), true, { status: "warn", code: "not-known", observedValue: undefined }],
  ];
  for (const [document, asked, outcome] of table) t.match(updatesOutcome(document, now, asked), outcome);
});

t.test(
  "servers are restarted before the services that need them, the agent last, and what only a boot renews is left",
  async (t) => {
    const model = stackModel();
    const units = [
      "dbus.service",
      "stack-agent.service",
      "stock-analysis-frontend.service",
      "init.scope",
      "ssh.service",
    ];
    const restart = [...units, "redis-server@6380.service", "postgresql@15-main.service", "session-7.scope"].map(
      (unit) => ({ unit, files: [] }),
    );
    const steps = restartSteps({ restart }, model);
    const order = steps.map(({ unit }) => unit);
    const after = (one: string, other: string) =>
      t.ok(order.indexOf(one) > order.indexOf(other), `${one} after ${other}`);
    after("stock-analysis-frontend.service", "postgresql@15-main.service");
    after("stock-analysis-frontend.service", "redis-server@6380.service");
    t.equal(order.at(-1), "stack-agent.service");
    const felt = Object.fromEntries(steps.map((step) => [step.unit, [step.felt, step.command.join(" ")]]));
    t.strictSame(felt, {
      "dbus.service": ["machine", "systemctl reboot"],
      "session-7.scope": ["machine", "loginctl terminate-session 7"],
      "init.scope": ["nobody", "systemctl daemon-reexec"],
      "ssh.service": ["nobody", "systemctl restart ssh.service"],
      "postgresql@15-main.service": ["stack", "systemctl restart postgresql@15-main.service"],
      "redis-server@6380.service": ["stack", "systemctl restart redis-server@6380.service"],
      "stock-analysis-frontend.service": ["nobody", "systemctl restart stock-analysis-frontend.service"],
      "stack-agent.service": ["nobody", "systemctl restart stack-agent.service"],
    });
  },
);
