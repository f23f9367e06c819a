import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDrift } from "../../../agent/drift/read-drift.ts";
import { parseControl, parseDependencies } from "../../../builder/layers/relocated/control.ts";
import { readPythonLock } from "../../../builder/provenance/read-python-lock.ts";
import { parseRecord } from "../../../components/backup/agent/record.ts";
import { parseInfo } from "../../../components/backup/agent/repository-info.ts";
import { readWal } from "../../../components/rabbitmq/agent/read-wal.ts";
import { parseClusterNodes } from "../../../components/redis/agent/cluster-nodes.ts";
import { firstFault } from "../../../components/services/agent/releases/unpack-archive.ts";
import { parseSimulation } from "../../../components/system/agent/updates/pending-updates.ts";
import { parseState } from "../../../engine/state/state.ts";
import { parseWantedReleases } from "../../../engine/state/wanted-releases.ts";
import { agentsError, documentOf, jsonOf } from "../../../installer/host/agents-error.ts";
import { hostKeyFingerprint, judgeHostKey, readKnownHosts } from "../../../installer/ssh/known-hosts.ts";
import { parseDpkgStatus } from "../../../lib/dpkg-status.ts";
import { parseSockets, unitOf } from "../../../lib/listeners.ts";
import { parseShow } from "../../../lib/systemd/parse-show.ts";
import { cronFault } from "../../../stack/definition/cron-fault.ts";
import { parseSize } from "../../../stack/definition/size.ts";
import { planDocument } from "../../../stack/documents/plan.ts";
import type { Target } from "../target.ts";

const key = Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from("ssh-ed25519"), Buffer.alloc(36, 7)]);
const hosts = `# known
pve1,10.1.1.1,[pve1]:2222 ssh-ed25519 ${key.toString("base64")}
|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ssh-ed25519 ${key.toString("base64")} a comment
@revoked *.lan,!pve?.lan ssh-rsa AAAA
@cert-authority *.lan ssh-ed25519 AAAA
`;

const text = (name: string, seeds: readonly string[], read: (text: string) => unknown): Target => ({
  name,
  seeds: () => seeds.map((seed) => Buffer.from(seed)),
  read: (input) => read(input.toString("utf8")),
});

const json = (value: unknown): string => JSON.stringify(value, null, 1);

/** What is written by other programs, or lay on a disk that lost its power. */
export const texts: readonly Target[] = [
  text("known-hosts", [hosts], (input) => {
    const lines = readKnownHosts(input, "known_hosts");
    for (const [host, port] of [
      ["pve1.lan", 22],
      ["10.1.1.1", 2222],
      ["a".repeat(60), 22],
    ] as const) {
      judgeHostKey(lines, host, port, { type: "ssh-ed25519", blob: key });
    }
    hostKeyFingerprint(Buffer.from(input));
  }),
  text(
    "python-lock",
    [
      `psycopg[binary,pool]==3.2.1 ; python_version >= "3.9" \\\n    --hash=sha256:${"ab".repeat(32)} \\\n    --hash=sha256:${"cd".repeat(32)}\n    # via -r requirements.in\nredis==5.0.1\n`,
    ],
    readPythonLock,
  ),
  text(
    "dpkg-status",
    [
      `Package: bash\nStatus: install ok installed\nVersion: 5.2\nProvides: awk, sh (= 1)\nConffiles:\n /etc/bash.bashrc ${"0a".repeat(16)}\nDescription: a\n b\n\nPackage: x\nStatus: deinstall ok config-files\n`,
    ],
    parseDpkgStatus,
  ),
  text("control", ["Package: erlang-base\nDepends: libc6 (>= 2.38), a | b (= 1:27)\nDescription: x\n y\n"], (input) => {
    for (const value of parseControl(input).values()) parseDependencies(value);
  }),
  text(
    "apt-simulation",
    [
      "Inst libc6 [2.36-9+deb12u9] (2.36-9+deb12u10 Debian:12.8/stable, Debian-Security:12/stable-security [amd64]) []\n",
    ],
    parseSimulation,
  ),
  text(
    "systemctl-show",
    [
      "Id=redis-server@6379.service\nActiveState=active\nNRestarts=2\nExecStart={ path=/bin/true ; argv[]=/bin/true }\n\nId=a\n",
    ],
    parseShow,
  ),
  text(
    "sockets",
    [
      "  sl  local_address rem_address   st\n   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000   100        0 12345 1\n",
      "0::/system.slice/ssh.service\n12:name=systemd:/lxc/a/system.slice/x.service\n",
    ],
    (input) => [parseSockets(input), unitOf(input)],
  ),
  text(
    "cluster-nodes",
    [
      `${"07".repeat(20)} 127.0.0.1:6379@16379,host myself,master - 0 1700000000 1 connected 0-5460 [5461->-${"08".repeat(20)}]\n${"08".repeat(20)} 127.0.0.1:6380@16380 master,fail? - 0 0 2 disconnected 5461-10922 10930\n`,
    ],
    parseClusterNodes,
  ),
  text(
    "backup-info",
    [
      json([
        {
          name: "main",
          status: { code: 0, message: "ok" },
          repo: [{ status: { message: "ok" } }],
          db: [{ version: "15", "system-id": 7 }],
          backup: [
            {
              ...{ label: "20260101F", type: "full", error: false, timestamp: { start: 1, stop: 2 } },
              ...{ info: { size: 1, repository: { delta: 1 } }, annotation: { events: "7" } },
            },
          ],
        },
      ]),
    ],
    (input) => parseInfo(input, "main"),
  ),
  text(
    "state-files",
    [
      json({ schemaVersion: 1, copiedFrom: [], stages: { a: { seconds: 1, at: "x", status: "done" } } }),
      json({ schemaVersion: 1, services: { a: { release: "1-ab", previous: "zero", since: "2026" } } }),
      json({ schemaVersion: 1, newest: { label: "a", at: "b" } }),
      json({ schemaVersion: 1, checkedAt: "x", differences: [], unseen: [] }),
    ],
    (input) => {
      for (const parse of [parseState, parseRecord, parseDrift]) parse(input);
      parseWantedReleases(input);
    },
  ),
  text(
    "agents-error",
    [
      json({ code: "a", message: "b", hint: "c", detail: ["d"] }),
      json({ schemaVersion: 1, state: "failed", stages: [] }),
    ],
    (input) => {
      agentsError({ stdout: input, stderr: input, code: 1 }, "it could not be done");
      documentOf(planDocument, jsonOf(input), "the plan");
    },
  ),
  text(
    "tar-list",
    [
      '-rw-r--r-- root/root 12 2026-01-01 00:00 "a\\nb"\ndrwxr-xr-x 0/0 0 2026-01-01 00:00 "./"\nlrwxrwxrwx a/b 0 2026-01-01 00:00 "x" -> "y"\n',
    ],
    firstFault,
  ),
  text("cron", ["*/5 0-7,9 1 jan-mar mon", "@daily", "0 4 * * 7"], cronFault),
  text("size", ["4GiB", "512 MiB", "1.5 GiB"], (input) => {
    const size = parseSize(input);
    if (!(Number.isNaN(size) || size >= 0)) throw new Error(`${input} is ${size}`);
  }),
];

let folder: Promise<string> | undefined;

/** RabbitMQ's write-ahead log, as a power cut may leave it. */
export const wal: Target = {
  name: "wal",
  seeds: () => {
    const record = Buffer.alloc(3 + 2 + 4 + 8 + 16 + 5);
    record.writeUInt16BE(4, 3);
    record.write("name", 5);
    record.writeUInt32BE(5, 13);
    return [Buffer.concat([Buffer.from("RAWA\u0001", "latin1"), record, record, Buffer.alloc(40)])];
  },
  slow: 4,
  read: async (input) => {
    folder ??= mkdtemp(join(tmpdir(), "stack-fuzz-"));
    const path = join(await folder, "wal");
    await writeFile(path, input);
    const { sound, size, records } = await readWal(path);
    if (!(sound <= size && records >= 0)) throw new Error(`${sound} of ${size} bytes are sound`);
  },
  close: async () => {
    if (folder !== undefined) await rm(await folder, { recursive: true, force: true });
    folder = undefined;
  },
};
