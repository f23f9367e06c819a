import type { Test } from "tap";
import { waitFor } from "../../../lib/wait.ts";
import { secretsDocument } from "../../../stack/documents/secrets.ts";
import { statusDocument } from "../../../stack/documents/status.ts";
import { messageIds } from "../../../stack/message-ids.ts";
import type { Machine } from "../create-machine.ts";
import { health } from "../health.ts";
import { required, serviceNames, serviceUnit } from "../required.ts";
import { secretsFolder } from "../secrets/files-with.ts";
import { mainPid, restarted } from "../units.ts";
import { planIsEmpty } from "./reboot.ts";
import { runbookRow } from "./runbook.ts";

const declared = `
secrets:
  alpaca_key: { for: [broker-gateway], description: Alpaca's API key }
  llm_key: { for: [intelligent-core, event-bus] }
  hot_key: { for: [monitoring], restart: false }
`;

/** Secrets that somebody gives: without them, with them, for whom, and what the journal keeps of it. */
export function givenSecretRows(t: Test, machine: Machine, value: string): void {
  const { port } = required.agent;
  const agent = async (line: string, input = "") => {
    const accept = [0, 1, 2, 64];
    return machine.exec("stack-agent", ["secrets", ...line.split(" ")], { accept, input, timeout: 120_000 });
  };
  /** What health says of secrets, once it says this: it looks every other second. */
  const component = (code: string) =>
    waitFor(
      async () => {
        const { status, document } = await health(machine, port, "/health/secrets");
        return document.components[0]?.code === code && { ...document.components[0], status };
      },
      { what: `secrets to be told as ${code}`, timeout: 30_000, interval: 100 },
    );
  /** What the service itself finds in a credential; undefined where it has none of the name. */
  const credential = async (service: (typeof serviceNames)[number], name: string): Promise<string | undefined> => {
    const pid = await mainPid(machine, serviceUnit(service));
    const within = ["-t", String(pid), "-m", "runuser", "-u", `svc-${service}`, "--", "cat"];
    const path = `/run/credentials/${serviceUnit(service)}/${name}`;
    const { code, stdout } = await machine.exec("nsenter", [...within, path], { accept: [0, 1] });
    return code === 0 ? stdout : undefined;
  };
  const pids = () => Promise.all(serviceNames.map((name) => mainPid(machine, serviceUnit(name))));
  const restartedSince = async (before: readonly number[]): Promise<readonly string[]> => {
    const after = await pids();
    return serviceNames.filter((_, index) => before[index] !== after[index]);
  };
  /** Since the row began: who did what with which. */
  const audited = async (): Promise<readonly string[]> => {
    const fields = "STACK_SECRET_DEED,STACK_SECRET,STACK_ACTOR,_UID";
    const lines = await machine.sh(
      `journalctl --sync && journalctl --no-pager -o json --output-fields=${fields} MESSAGE_ID=${messageIds.secretAudit}`,
    );
    return lines.split("\n").flatMap((line) => {
      if (line === "") return [];
      const entry = JSON.parse(line) as Record<string, string>;
      return [[entry.STACK_SECRET_DEED, entry.STACK_SECRET, entry.STACK_ACTOR, `_UID ${entry._UID}`].join(" ")];
    });
  };

  t.test("secrets that are declared and not given: their services run, and it is told which lack", async (t) => {
    const before = await pids();
    await machine.exec("sh", ["-c", "cat >>/etc/stack-agent/stack.yaml"], { input: declared });
    await machine.exec("stack-agent", ["provision"], { timeout: 180_000 });
    for (const [index, name] of serviceNames.slice(0, 4).entries())
      await restarted(machine, serviceUnit(name), before[index] ?? 0);
    const { code, stdout } = await machine.exec("stack-agent", ["status", "--wait"], { accept: [0, 2, 3] });
    await planIsEmpty(t, machine);
    t.equal(await credential("broker-gateway", "alpaca_key"), "\n", "a service finds a line end alone");
    t.equal(code, 2, "status is degraded");
    t.match(stdout, "alpaca_key of broker-gateway is not set (stack-agent secrets set alpaca_key)");
    t.match(stdout, "llm_key of intelligent-core, event-bus is not set");
    t.match(await component("missing"), { status: 200, name: "secrets" });
    t.equal((await health(machine, port, "/readyz")).document.status, "pass", "the stack is ready all the same");
    const listed = await agent("ls --json");
    t.equal(listed.code, 2);
    t.match(secretsDocument.parse(JSON.parse(listed.stdout)).secrets.slice(0, 2), [
      { name: "alpaca_key", kind: "given", for: [{ service: "broker-gateway", credential: "alpaca_key" }] },
      { name: "llm_key", kind: "given", since: undefined },
    ]);
  });

  t.test("a value is taken from standard input, and what can't be one is refused", async (t) => {
    const before = await pids();
    const refused = [
      ["set alpaca_key", "\n", /is empty/, 1],
      ["set alpaca_key", `${"x".repeat(65_537)}\n`, /longer than 65536 bytes/, 1],
      ["set alpaca_key", "half\0whole", /has a NUL/, 1],
      ["set alpaca_kye", "x", /did you mean alpaca_key/, 64],
      ["set redis.auth", "x", /made by the stack itself/, 64],
      ["rotate alpaca_key", "", /given from outside/, 64],
      ["rotate", "", /either name the secrets to rotate, or say --all/, 64],
      ["show nothing", "", /there is no secret/, 64],
      ["show alpaca_key", "", /is not there/, 1],
    ] as const;
    for (const [line, input, says, code] of refused) {
      const said = await agent(line, input);
      t.match(said, { code, stderr: says }, line);
    }
    for (const line of ["ls", "set alpaca_key", "show redis.auth", "rotate --all"]) {
      const said = await machine.exec("runuser", ["-u", "nobody", "--", "stack-agent", "secrets", ...line.split(" ")], {
        accept: [1],
      });
      t.match(said, { stdout: "", stderr: /must be run as root/ }, `nobody: ${line}`);
    }
    t.strictSame(await restartedSince(before), [], "nothing restarted for that");
  });

  t.test("what is set comes to its services, byte for byte, and to no other", async (t) => {
    const before = await pids();
    t.match(await agent("set alpaca_key", `${value}\n`), { code: 0, stdout: /^alpaca_key is set; .*broker-gateway/ });
    t.strictSame(await restartedSince(before), ["broker-gateway"]);
    t.equal(await credential("broker-gateway", "alpaca_key"), value);
    for (const other of serviceNames.filter((name) => name !== "broker-gateway")) {
      t.equal(await credential(other, "alpaca_key"), undefined, `${other} has none`);
    }
    t.equal(await machine.sh(`stat -c '%a %U:%G' ${secretsFolder}/alpaca_key`), "600 root:root");
    const between = await pids();
    t.match(await agent("set alpaca_key", value), { code: 0, stdout: "alpaca_key has this value already.\n" });
    t.strictSame(await restartedSince(between), [], "the same again restarts nothing");
    t.equal((await agent("show alpaca_key")).stdout, `${value}\n`);
    await planIsEmpty(t, machine);
  });

  t.test("a terminal is asked, and doesn't show what is typed; one that is corrected is right", async (t) => {
    // It is typed once it is asked for: before that the terminal shows what comes.
    const stdout = await machine.sh(
      `mkfifo /run/typed && exec 3<>/run/typed
      script --quiet --return --flush --command 'stack-agent secrets set llm_key' /run/seen <&3 >/dev/null &
      until grep -qs 'llm_key: ' /run/seen; do sleep 0.1; done
      printf 'sk-12x\\1773\\303\\251\\177\\r' >&3
      wait $! && cat /run/seen; rm /run/typed /run/seen`,
      { timeout: 60_000 },
    );
    t.match(stdout, /^llm_key: \r?\n/m);
    t.notMatch(stdout, "sk-1");
    t.equal(await credential("event-bus", "llm_key"), "sk-123");
    t.equal(await credential("intelligent-core", "llm_key"), "sk-123");
    t.match(await component("missing"), { status: 200 }, "one lacks still");
  });

  t.test("a service that watches its file has another value without a restart", async (t) => {
    const before = await pids();
    const folder = `/run/credentials/${serviceUnit("monitoring")}`;
    const seen = machine.sh(
      `timeout 60 python3 -c '
import os, sys, time
known = os.stat("${folder}/hot_key").st_ino
while os.stat("${folder}/hot_key").st_ino == known: time.sleep(0.01)
print(open("${folder}/hot_key").read())'`,
      { timeout: 90_000 },
    );
    t.match(await agent("set hot_key", "hot-1"), { code: 0, stdout: "hot_key is set; replaced for monitoring.\n" });
    t.equal(await seen, "hot-1", "it is another file, whole");
    t.equal(await credential("monitoring", "hot_key"), "hot-1");
    t.strictSame(await restartedSince(before), []);
    t.equal(await machine.sh(`stat -c '%a %U' ${folder}/hot_key`), "400 svc-monitoring");
    t.match(await machine.sh(`findmnt -no OPTIONS ${folder}`), /^ro,nosuid,nodev,noexec/);
    await planIsEmpty(t, machine);
    t.match(await component("ok"), { status: 200 }, "nothing lacks any more");
    t.equal((await agent("ls")).code, 0);
  });

  t.test("a service whose restart was cut off runs with the old one, and provision knows", async (t) => {
    const unit = serviceUnit("broker-gateway");
    await machine.sh(`read -r up _ </proc/uptime && echo "\${up%.*}999999" >/run/stack-agent/stale/${unit}`);
    t.match(await machine.sh("stack-agent provision --plan"), new RegExp(`restartUnits +${unit}`));
    const before = await pids();
    await machine.exec("stack-agent", ["provision"], { timeout: 180_000 });
    await restarted(machine, unit, before[0] ?? 0);
    t.strictSame(await restartedSince(before), ["broker-gateway"]);
  });

  t.test("each of it is a line of the journal's: who and what", async (t) => {
    const lines = await audited();
    const by = "uid 0 _UID 0";
    t.ok(lines.includes(`set alpaca_key ${by}`));
    t.ok(lines.includes(`show alpaca_key ${by}`));
    t.notOk(
      lines.some((line) => line.includes("redis.auth")),
      "what was refused was not done",
    );
    await machine.exec("env", ["SUDO_USER=alice", "stack-agent", "secrets", "show", "redis.auth"]);
    t.equal((await audited()).at(-1), "show redis.auth uid 0 by sudo of alice _UID 0");
    const said = await machine.exec(
      "unshare",
      ["--mount", "sh", "-c", "mount -t tmpfs tmpfs /run/systemd/journal && stack-agent secrets show redis.auth"],
      { accept: [1] },
    );
    t.match(said, { stdout: "", stderr: /not-audited/ }, "no line, no value");
  });

  t.test("what is taken away again is told of", async (t) => {
    t.match(await agent("unset llm_key"), { code: 0, stdout: /^llm_key is gone/ });
    t.match(await agent("unset llm_key"), { code: 0, stdout: "llm_key is not set.\n" });
    t.equal(await credential("event-bus", "llm_key"), "\n");
    await component("missing");
    const status = await machine.exec("stack-agent", ["status", "--wait", "--format", "json"], { accept: [2] });
    const { components } = statusDocument.parse(JSON.parse(status.stdout));
    t.match(
      components.find(({ name }) => name === "secrets"),
      { status: "warn", code: "missing", message: /^llm_key of/ },
    );
  });

  // One that is taken away is told of as a warning: 2.
  runbookRow(t, machine, "Secrets", { input: value, accept: [0, 2] });
}
