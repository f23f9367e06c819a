import t from "tap";
import { agentsError } from "../../../installer/host/agents-error.ts";
import type { HostFacts } from "../../../installer/host/host-facts.ts";
import { hostRefusals } from "../../../installer/host/host-refusals.ts";
import { wantedOf } from "../facts.ts";

const good: HostFacts = {
  name: "server",
  system: "debian",
  debian: "12.11",
  architecture: "amd64",
  user: "root",
  isRoot: true,
  sudo: false,
  systemd: true,
  template: false,
  memory: 8192,
  free: 10e9,
  installed: undefined,
  other: undefined,
};
const pack = { model: wantedOf().template.model, name: "stack-agent-shop", version: "1.0.0", bytes: 50e6 };
const there = { version: "1.0.0", whole: true, same: true, newer: false };

const rows: readonly (readonly [why: string, facts: Partial<HostFacts>, code?: string, fix?: RegExp])[] = [
  ["a plain Debian 12", {}],
  ["one that has the package already", { installed: there, free: 0 }],
  ["a user who may use sudo", { user: "ann", isRoot: false, sudo: true }],
  ["a user who may not", { user: "ann", isRoot: false }, "not-root", /ann ALL=\(ALL\) NOPASSWD: ALL/],
  ["Debian 11", { debian: "11.9" }, "wrong-debian", /Debian 12/],
  ["Ubuntu", { system: "ubuntu", debian: "bookworm/sid" }, "wrong-debian", /Debian 12/],
  ["no Debian at all", { system: "alpine", debian: "", architecture: "" }, "wrong-debian"],
  ["an arm64 machine", { architecture: "arm64" }, "other-architecture", /processor/],
  ["no systemd", { systemd: false }, "no-systemd", /systemd boots/],
  ["a container of a template", { template: true }, "is-template", /stack-agent status/],
  ["another stack", { other: "stack-agent-cafe" }, "other-stack", /apt purge stack-agent-cafe/],
  ["a newer package", { installed: { ...there, version: "2.0.0", same: false, newer: true } }, "older-package"],
  ["too little memory", { memory: 1024 }, "too-little-memory", /more memory/],
  ["no room for the package", { free: 1e6 }, "too-little-disk", /apt-get clean/],
];

for (const [why, facts, code, fix] of rows) {
  t.test(`${why}: ${code ?? "goes on"}`, async (t) => {
    const [first, ...more] = hostRefusals({ ...good, ...facts }, pack);
    t.equal(first?.code, code);
    if (fix !== undefined) t.match(first?.fix, fix);
    if (code !== undefined && why !== "no Debian at all") t.same(more, []);
  });
}

t.test("what the agent says on the host is told as it says it: code, message, hint, lines", async (t) => {
  const thrown = {
    code: "not-root",
    message: "provision is root's",
    hint: "sudo stack-agent provision",
    detail: ["a"],
  };
  t.match(agentsError({ stdout: `${JSON.stringify(thrown)}\n`, stderr: "error: no\n", code: 1 }, "?"), thrown);
  const stage = { id: "system", title: "Packages", status: "failed", actions: 0 };
  const progress = {
    ...{ schemaVersion: 1, state: "failed", startedAt: "2026-01-01T00:00:00Z", deviations: [] },
    stages: [
      { ...stage, error: { code: "port-taken", message: "port 5432 is taken", hint: "free it", detail: ["b"] } },
    ],
    memory: { totalMiB: 0, cuts: [], shares: [] },
  };
  t.match(agentsError({ stdout: JSON.stringify(progress), stderr: "", code: 1 }, "?"), {
    ...{ code: "port-taken", message: "port 5432 is taken", hint: "free it", detail: ["b"] },
  });
  t.match(agentsError({ stdout: "", stderr: "sh: 1: stack-agent: not found\n", code: 127 }, "it can't be set up"), {
    ...{ code: "agent-failed", message: "it can't be set up: stack-agent ended with 127" },
    detail: ["sh: 1: stack-agent: not found"],
  });
});
