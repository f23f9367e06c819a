import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { createCommand, deployDocument } from "../../../../builder/targets/proxmox/deploy-document.ts";
import { templateName } from "../../../../builder/targets/proxmox/template-name.ts";
import { parseDefinition } from "../../../../stack/definition/parse.ts";
import type { Model } from "../../../../stack/model.ts";
import { resolve } from "../../../../stack/resolve.ts";

const text = readFileSync(join(import.meta.dirname, "../../../../stack/stock-analysis.yaml"), "utf8");
const modelOf = (definition: string): Model => resolve(parseDefinition(definition, "stack.yaml"));
const model = modelOf(text);
const file = templateName(model, "3f2a91bc".padEnd(64, "0"), "gz");
const fixed = modelOf(
  text.replace("network: dhcp", "network: {address: 10.9.8.7/24, gateway: 10.9.8.1, dns: [10.9.8.2, 10.9.8.3]}"),
);

const both = modelOf(text.replace("network: dhcp", "network: {address: dhcp, address6: auto, dns: ['fd00::53']}"));
const six = modelOf(text.replace("network: dhcp", "network: {address6: 'fd00::120/64', gateway6: 'fe80::1'}"));

const stored = modelOf(text.replace(/^container:$/m, "container:\n  volumes: { postgres: 20 GiB, redis: 8 GiB }"));

t.test("a template's name is one that Proxmox takes, and leaves as it is on upload", async (t) => {
  t.equal(file, "debian-12-stock-analysis_1.0.0-3f2a91bc_amd64.tar.gz");
  t.match(file, /^[a-zA-Z0-9_.-]+\.tar\.(gz|zst)$/);
});

t.test("the command asks for exactly what the definition says, unprivileged by name", async (t) => {
  const words = createCommand(model, file)(120, "defined").replaceAll("\\\n", " ").split(/\s+/);
  const value = (option: string): string | undefined => words[words.indexOf(option) + 1];
  t.same(words.slice(0, 4), ["pct", "create", "120", `local:vztmpl/${file}`]);
  t.equal(value("--unprivileged"), "1");
  t.equal(value("--cores"), "4");
  t.equal(value("--memory"), "8192");
  t.equal(value("--rootfs"), "local-lvm:50");
  t.equal(value("--hostname"), "stock-analysis");
  t.equal(value("--features"), "nesting=0");
  t.equal(value("--net0"), "name=eth0,bridge=vmbr0,ip=dhcp");
});

t.test("a defined address is in the command, with its resolvers", async (t) => {
  const command = createCommand(fixed, file)(120, "defined");
  t.match(command, "ip=10.9.8.7/24,gw=10.9.8.1");
  t.match(command, '--nameserver "10.9.8.2 10.9.8.3"');
  t.match(createCommand(fixed, file)(120, "dhcp"), "ip=dhcp");
});

t.test("IPv6 is in the command, beside IPv4 or without it", async (t) => {
  t.match(createCommand(both, file)(120, "defined"), /--net0 name=eth0,bridge=vmbr0,ip=dhcp,ip6=auto \\\n/);
  t.match(createCommand(both, file)(120, "defined"), '--nameserver "fd00::53"');
  t.match(createCommand(six, file)(120, "defined"), /bridge=vmbr0,ip6=fd00::120\/64,gw6=fe80::1 \\\n/);
});

t.test("defined volumes are in the command, as mount points that backups take", async (t) => {
  const command = createCommand(stored, file)(120, "defined");
  t.match(command, "--mp0 local-lvm:20,mp=/var/lib/postgresql,backup=1 \\\n");
  t.match(command, "--mp1 local-lvm:8,mp=/var/lib/redis,backup=1 \\\n");
  t.notMatch(createCommand(model, file)(120, "defined"), /--mp/);
});

for (const [what, one] of [
  ["DHCP", model],
  ["volumes", stored],
  ["a fixed address", fixed],
  ["both families", both],
  ["IPv6 alone", six],
] as const) {
  t.test(`every command of the document for ${what} is one that a shell reads`, async (t) => {
    const template = { file, sha256: "ab".repeat(32), bytes: 382_000_000 };
    const document = await deployDocument({ model: one, template, deviations: ["RabbitMQ is old"] });
    const blocks = [...document.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");
    t.ok(blocks.length >= 5);
    for (const block of blocks) execFileSync("sh", ["-n", "-c", block]);
    t.match(document, "RabbitMQ is old");
    t.match(document, "| 8003 | event-bus: service | from outside |");
    t.notMatch(document, /undefined|<%|\n\n\n/);
  });
}
