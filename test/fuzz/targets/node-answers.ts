import { openNode } from "../../../installer/node/node.ts";
import { answered } from "../../../installer/transports/api/answered.ts";
import { pveshAnswer } from "../../../installer/transports/shell/pvesh-call.ts";
import type { Transport } from "../../../installer/transports/transport.ts";
import type { Target } from "../target.ts";

const data = [
  { version: "9.2.1", release: "9.2" },
  { cpuinfo: { cpus: 8 }, memory: { total: "68719476736" }, "current-kernel": { machine: "x86_64" } },
  [{ storage: "local", type: "dir", content: "vztmpl,rootdir", active: 1, enabled: "1", avail: 1e11, total: 2e11 }],
  [{ iface: "vmbr0" }],
  { "/vms/120": { "VM.Audit": 1 } },
  [{ vmid: 120, type: "lxc", node: "pve1", name: "stock-analysis", tags: "stack;event", pool: "p" }],
  { status: "running", lock: "create", tags: "stack" },
  [{ volid: "local:vztmpl/debian.tar.gz", size: "12345" }],
  [{ upid: "UPID:pve1:0001:0002:0003:vzcreate:120:root@pam:", user: "root@pam", starttime: 1, endtime: 2 }],
  { status: "stopped", exitstatus: "OK" },
  [{ n: 1, t: "extracting archive" }],
  [{ name: "eth0", inet: "10.1.1.120/24", inet6: "fe80::1/64", "ip-addresses": [{ "ip-address": "10.1.1.120" }] }],
  { net0: "name=eth0,bridge=vmbr0,ip=dhcp", memory: 8192 },
  "120",
  null,
];
const refusals = ['{"errors":{"vmid":"already used"},"data":null}', "<html>502</html>", ""];

/** What a node's API says, by HTTP and by pvesh. */
export const nodeAnswers: Target = {
  name: "node-answers",
  seeds: () => [...data.map((one) => JSON.stringify({ data: one })), ...refusals].map((text) => Buffer.from(text)),
  read: async (input) => {
    const text = input.toString("utf8");
    for (const status of [200, 400, 500])
      await asked(async () => answered({ status, reason: text, text, what: "GET /x" }));
    for (const code of [0, 1, 22]) await asked(async () => pveshAnswer("GET /x", { stdout: text, stderr: text, code }));
  },
};

/** Asks a node whose every answer is that one all that is ever asked of one. */
async function asked(answer: () => Promise<unknown>): Promise<void> {
  const transport: Transport = {
    ...{ way: "api", where: "https://pve1:8006", user: "root@pam" },
    request: answer,
    upload: async () => undefined,
    checksum: async () => undefined,
    close: async () => {},
  };
  const node = openNode(transport, "pve1");
  const guest = (await node.guests().catch(stackErrors))?.[0];
  const questions: readonly (() => Promise<unknown>)[] = [
    ...[node.version, node.machine, node.storages, node.bridges, node.pools, node.nextId],
    ...[() => node.privileges("/vms/120"), () => node.templates("local"), () => node.isFree(120)],
    ...[() => node.creations(120), () => node.config(120), () => node.addresses(120), () => node.start(120)],
    ...[() => node.taskStatus("UPID:x"), () => node.taskLog("UPID:x")],
    ...(guest === undefined ? [] : [() => node.refreshed({ ...guest, type: "lxc", node: "pve1" })]),
  ];
  for (const question of questions) await question().catch(stackErrors);
}

function stackErrors(error: unknown): undefined {
  if (error instanceof Error && error.name === "StackError") return undefined;
  throw error;
}
