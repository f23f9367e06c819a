import t from "tap";
import type { FileFacts, UnitFacts } from "../../../agent/engine/eyes.ts";
import { seal } from "../../../agent/engine/sealed.ts";
import { type SystemFacts, systemStage } from "../../../agent/stages/system/stage.ts";
import type { FileEntry } from "../../../stack/model.ts";
import { stackModel } from "../stack-model.ts";

const model = stackModel();

const ready: SystemFacts = {
  debian: "12.8",
  memory: 8192,
  packages: [],
  accounts: [],
  locale: true,
  secrets: [],
  container: true,
  machineId: "a",
  knownMachineId: "a",
  sshKeys: ["ed25519"],
  components: [],
  early: [],
};

function file(path: string, component: FileEntry["component"] = "system"): FileFacts {
  const entry: FileEntry = { path, component, kind: "file", mode: 0o644, owner: "root:root", when: "build" };
  return { entry, text: seal("x"), differs: ["missing"] };
}

function planned(facts: Partial<SystemFacts>): string[] {
  const { actions, unseen } = systemStage.plan({ ...ready, ...facts }, model);
  t.same(unseen, []);
  return actions.map(({ do: kind, args }) => {
    const { path, name, packages, units } = args as Record<string, string | readonly string[] | undefined>;
    return [kind, path ?? name ?? packages ?? units ?? ""].join(" ").trim();
  });
}

t.test("a machine that has all of it gets nothing", async (t) => {
  t.same(planned({}), []);
  t.same(planned({ knownMachineId: undefined }), [], "the state file is only a memory");
});

t.test("a first boot notes whose secrets they are, makes them, and nothing else", async (t) => {
  t.same(planned({ secrets: ["redis.auth", "health.token"], knownMachineId: undefined }), [
    "rememberInstance",
    "makeSecret redis.auth",
    "makeSecret health.token",
  ]);
});

t.test("a bare host: what must be there before packages, packages, users, locale, secrets, files, units", async (t) => {
  const sshd: UnitFacts = {
    unit: "ssh.service",
    load: "loaded",
    active: "active",
    enabled: "disabled",
    starting: false,
    needsReload: false,
    stale: false,
  };
  const facts: Partial<SystemFacts> = {
    packages: ["redis-server"],
    accounts: ["stack-agent"],
    locale: false,
    secrets: ["redis.auth"],
    container: false,
    early: [file("/etc/postgresql-common/createcluster.d/stack.conf", "postgres")],
    components: [
      {
        files: [file("/etc/motd"), file("/usr/lib/sysusers.d/stack-agent.conf", "agent")],
        specs: [
          { unit: "ssh.service", component: "system", want: "enabled" },
          { unit: "systemd-networkd.service", component: "system", want: "disabled" },
          { unit: "dev-hugepages.mount", component: "system", want: "masked" },
        ],
        units: new Map([
          ["ssh.service", sshd],
          ["systemd-networkd.service", { ...sshd, unit: "systemd-networkd.service", enabled: "enabled" }],
        ]),
      },
    ],
  };
  const common = [
    "writeFile /etc/postgresql-common/createcluster.d/stack.conf",
    "installPackages redis-server",
    "writeFile /usr/lib/sysusers.d/stack-agent.conf",
    "makeUsers /usr/lib/sysusers.d/stack-agent.conf",
    "generateLocale",
    "makeSecret redis.auth",
    "writeFile /etc/motd",
    "enableUnits ssh.service",
  ];
  t.same(planned(facts), common, "its network and its mounts are its own");
  t.same(planned({ ...facts, container: true }), [
    ...common,
    "disableUnits systemd-networkd.service",
    "maskUnits dev-hugepages.mount",
  ]);
});

t.test("a copy renews every secret and every host key, and notes that it did last of all", async (t) => {
  const facts: SystemFacts = { ...ready, machineId: "b", sshKeys: ["ecdsa", "ed25519"], secrets: ["redis.auth"] };
  const { actions, unseen } = systemStage.plan(facts, model);
  t.same(unseen, ["configuration, logins and restarts: they follow the new secrets"]);
  t.same(
    actions.map(({ do: kind, args }) => [kind, "name" in args ? args.name : "type" in args ? args.type : ""]),
    [
      ...model.secrets.map(({ name }) => ["renewSecret", name]),
      ["renewSshKey", "ecdsa"],
      ["renewSshKey", "ed25519"],
      ["rememberInstance", ""],
    ],
  );
  t.same(actions.at(-1)?.args, { machineId: "b" });
});

t.test("a copy's renewed secret restarts who has read it, and no other", async (t) => {
  const { actions } = systemStage.plan({ ...ready, machineId: "b" }, model);
  const readers = new Map(
    actions.flatMap((action) => (action.do === "renewSecret" ? [[action.args.name, action.args.units] as const] : [])),
  );
  const services = model.services.filter(({ needs }) => needs.includes("redis")).map(({ unit }) => unit);
  t.ok(services.length > 0);
  t.same(readers.get("redis.auth"), ["stack-agent.service", ...services]);
  t.same(readers.get("health.token"), ["stack-agent.service"]);
  t.same(readers.get("rabbitmq.cookie"), []);
});

t.test("a copy whose state names the machine it runs on, or none, is left alone", async (t) => {
  t.same(planned({ machineId: "b", knownMachineId: "b" }), [], "renewed already");
  t.same(planned({ machineId: "b", knownMachineId: undefined }), []);
  t.same(planned({ machineId: undefined }), [], "a machine without a name is no other machine");
});

t.test("too little memory or another Debian is a problem before anything is touched", async (t) => {
  const problems = (facts: Partial<SystemFacts>) =>
    systemStage.preflight({ ...ready, ...facts }, model).map((problem) => problem.code);
  t.same(problems({}), []);
  t.same(problems({ memory: 1024 }), ["too-little-memory"]);
  t.same(problems({ debian: "13.1" }), ["wrong-debian"]);
  t.same(problems({ debian: undefined, memory: 512 }), ["too-little-memory", "wrong-debian"]);
});
