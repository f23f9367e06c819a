import t from "tap";
import type { BareHostFacts } from "../../../../components/system/agent/bare-host.ts";
import { systemStage } from "../../../../components/system/agent/stage.ts";
import type { SystemFacts } from "../../../../components/system/agent/system-facts.ts";
import type { FileFacts } from "../../../../engine/facts/fact-reader.ts";
import { asSealed } from "../../../../engine/secrets/sealed.ts";
import type { FileEntry } from "../../../../stack/model.ts";
import { stackModel } from "../../../stack/stack-model.ts";

const model = stackModel();

const ready: SystemFacts = {
  debian: "12.8",
  memory: 8192,
  packages: [],
  accounts: [],
  locale: true,
  secrets: [],
  lostSecrets: [],
  bare: undefined,
  machineId: "a",
  knownMachineId: "a",
  place: undefined,
  knownPlace: undefined,
  sshKeys: ["ed25519"],
  leftJobs: [],
  own: { state: true, run: true, cache: false },
  components: [],
  early: [],
};

function file(path: string, component: FileEntry["component"] = "system"): FileFacts {
  const entry: FileEntry = { path, component, kind: "file", mode: 0o644, owner: "root:root", when: "build" };
  return { entry, text: asSealed("x"), differs: ["missing"] };
}

function planned(facts: Partial<SystemFacts>): string[] {
  const { actions, unseen } = systemStage.plan({ ...ready, ...facts }, model);
  t.same(
    unseen.length > 0,
    actions.some(({ do: kind }) => kind === "renewSecret"),
  );
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

t.test("a secret that was lost is made anew for who has read it; another mode needs no restart", async (t) => {
  const made = (facts: Partial<SystemFacts>) =>
    systemStage
      .plan({ ...ready, secrets: ["redis.auth"], ...facts }, model)
      .actions.flatMap((action) => (action.do === "makeSecret" ? [action] : []));
  t.match(made({ lostSecrets: ["redis.auth"] }), [
    { why: "not there", args: { units: ["stack-agent.service", /^stock-analysis-/] } },
  ]);
  t.match(made({}), [{ why: /mode or owner/, args: { units: [] } }]);
  t.match(
    made({ lostSecrets: ["redis.auth"], knownMachineId: undefined }),
    [{ args: { units: [] } }],
    "nor a first boot",
  );
});

const bare: BareHostFacts = {
  fresh: false,
  host: { at: "", files: [], packages: [] },
  replaced: [],
  changed: [],
  data: [],
  taken: [],
  brought: [],
  interrupted: false,
  free: 10_000,
};

t.test(
  "a bare host: what was there is noted, then what must be there before packages, packages, users …",
  async (t) => {
    const facts: Partial<SystemFacts> = {
      packages: ["redis-server"],
      accounts: ["stack-agent"],
      locale: false,
      secrets: ["redis.auth"],
      bare: { ...bare, fresh: true, host: undefined, replaced: ["/etc/rabbitmq/rabbitmq-env.conf"] },
      early: [file("/etc/postgresql-common/createcluster.d/stack.conf", "postgres")],
      components: [
        {
          files: [file("/usr/lib/sysusers.d/stack-agent.conf", "agent"), file("/usr/bin/stack-agent", "agent")],
          specs: [],
          units: new Map(),
        },
      ],
    };
    t.same(planned(facts), [
      "rememberHost",
      "writeFile /etc/postgresql-common/createcluster.d/stack.conf",
      "reloadUnits",
      "maskUnits redis-server.service",
      "installPackages redis-server",
      "writeFile /usr/lib/sysusers.d/stack-agent.conf",
      "makeUsers /usr/lib/sysusers.d/stack-agent.conf",
      "generateLocale",
      "makeSecret redis.auth",
      "writeFile /usr/bin/stack-agent",
    ]);
  },
);

t.test("a bare host on which an installation was killed gets it mended, though no package is missing", async (t) => {
  t.same(planned({ bare }), []);
  t.same(planned({ bare: { ...bare, interrupted: true } }), ["installPackages"]);
});

t.test("a bare host where ports, data or files are somebody's is refused, saying whose, and what helps", async (t) => {
  const by = {
    port: 5432,
    elsewhere: false,
    everywhere: false,
    pid: 77,
    program: "postgres",
    unit: "postgresql@15-main.service",
  };
  const use = model.ports.find(({ port }) => port === 5432);
  t.ok(use);
  const facts: BareHostFacts = {
    ...bare,
    taken: use === undefined ? [] : [{ use, by }],
    data: ["/var/lib/postgresql/15/main"],
    changed: ["/etc/rabbitmq/rabbitmq.conf"],
    free: 100,
  };
  const problems = systemStage.preflight({ ...ready, bare: facts }, model);
  t.same(
    problems.map(({ message }) => message),
    [
      "port 5432 (PostgreSQL) is taken by postgres (pid 77) of postgresql@15-main.service",
      "/var/lib/postgresql/15/main is there, and is not this stack's",
      "/etc/rabbitmq/rabbitmq.conf was written by somebody, and the stack would replace it",
      "100 MiB are free on /; installing the stack takes 3072",
    ],
  );
  t.match(problems[0]?.hint, /^systemctl disable --now postgresql@15-main\.service, or choose another port/);
  t.same(systemStage.preflight({ ...ready, bare: { ...bare, free: undefined } }, model), []);
});

t.test("a host's copy renews every secret and every host key, and notes that it did last of all", async (t) => {
  const facts: SystemFacts = { ...ready, bare, machineId: "b", sshKeys: ["ecdsa", "ed25519"], secrets: ["redis.auth"] };
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

const here = { guest: "121", cards: ["b"] };

t.test("a copied container's host keys are renewed before sshd runs, and not again", async (t) => {
  const kinds = planned({ machineId: "b", place: here, knownPlace: { guest: "120", cards: ["a"] } });
  t.ok(kinds.includes("renewSecret redis.auth"));
  t.same(
    kinds.filter((kind) => kind.startsWith("renewSshKey")),
    [],
  );
});

t.test(
  "a container restored beside its original renews secrets and host keys; one that only moved notes it",
  async (t) => {
    const twin = { ...ready, place: here, knownPlace: { guest: "120", cards: ["a"] } };
    const { actions } = systemStage.plan(twin, model);
    t.same([...new Set(actions.map(({ do: kind }) => kind))], ["renewSecret", "renewSshKey", "rememberInstance"]);
    t.same(actions.at(-1)?.args, { machineId: "a", place: here });
    const moved = { ...twin, knownPlace: { guest: "121", cards: ["a"] } };
    t.match(systemStage.plan(moved, model).actions, [{ do: "rememberInstance", args: { place: here } }]);
    t.same(planned({ place: here, knownPlace: here }), []);
    t.same(planned({ place: here, knownMachineId: undefined }), [], "the state file is only a memory");
  },
);

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
