import { clusterGroup, nodeAddresses } from "../cluster/model.ts";
import type { Component, DeclaredFile } from "../component.ts";
import { addressText } from "../external.ts";
import type { Process, Variable } from "../process.ts";
import { buildFile } from "../system/component.ts";
import { wellKnownPorts } from "../well-known-ports.ts";
import { loadedDefinitions, rabbitmqDefinitions } from "./definitions.ts";
import { clusterMetrics, metrics } from "./metrics.ts";
import { type RabbitmqModel, rabbitmqModel } from "./model.ts";
import { queueTypes } from "./queue-types.ts";
import { rabbitmqServiceSettings } from "./service-settings.ts";
import { rabbitmqSettings } from "./settings.ts";
import { rabbitmqSources } from "./sources.ts";

/** Fixed by Erlang and by rabbitmq-env.conf; both on loopback, but for the distribution of a cluster's brokers. */
export const epmdPort = 4369;
export const distributionPort = 25672;

/** Loaded by the broker at every start, all but bindings to streams; the file that is written last on a first boot. */
export const definitionsPath = "/etc/rabbitmq/definitions.json";

const etc = "rootfs-overlay/etc/rabbitmq";

const accounts = {
  rabbitmq: { name: "rabbitmq", id: 304, user: { comment: "RabbitMQ messaging server", home: "/var/lib/rabbitmq" } },
  epmd: { name: "epmd", id: 305, user: { home: "/run/epmd" } },
} as const;

/** From it on Khepri, its metadata store of three members, is supported: two of three start without the third. */
const leastOfCluster = "4.0";

/** RabbitMQ: one node of a fixed name, everything it holds declared in definitions.json. */
export const rabbitmq: Component<"rabbitmq", typeof rabbitmqSettings, RabbitmqModel, "rabbitmq:roundtrip"> & {
  readonly serviceSettings: typeof rabbitmqServiceSettings;
} = {
  name: "rabbitmq",
  label: "RabbitMQ",
  kind: "component",
  firstBoot: "RabbitMQ loads its definitions",
  settings: rabbitmqSettings,
  serviceSettings: rabbitmqServiceSettings,
  // Bindings may stay where --set takes RabbitMQ away; who asks for a stream must have it.
  strictServiceSettings: ["queue"],
  model: rabbitmqModel,
  data: {
    path: "/var/lib/rabbitmq",
    mode: 0o755,
    owner: "rabbitmq:rabbitmq",
    holds: () => ["/var/lib/rabbitmq/mnesia"],
    packaged: true,
    example: "8 GiB",
  },
  packagedAccounts: [accounts.rabbitmq, accounts.epmd],
  packages: () => ["rabbitmq-server"],
  secrets: () => [
    { name: "rabbitmq.app", reader: "root", purpose: "RabbitMQ user of the services" },
    { name: "rabbitmq.agent", reader: "agent", purpose: "RabbitMQ user of the agent's health check" },
    { name: "rabbitmq.admin", reader: "root", purpose: "RabbitMQ administrator: management pages, the agent's setup" },
    { name: "rabbitmq.cookie", reader: "root", purpose: "Erlang cookie: rabbitmqctl's way in", restarts: true },
  ],
  packageSources: ({ rabbitmq: { sources, minimumVersion } }) => ({
    label: "RabbitMQ",
    package: "rabbitmq-server",
    least: minimumVersion,
    asked: sources,
    setting: "rabbitmq.sources",
    of: rabbitmqSources,
  }),
  versions: ({ rabbitmq: { minimumVersion } }) => [
    { what: "RabbitMQ", package: "rabbitmq-server", least: minimumVersion, setting: "rabbitmq.minimumVersion" },
  ],
  // An idle broker uses 100 to 130 MiB: a lower watermark holds back every publisher (measured at 2 GiB).
  memory: () => ({ setting: "vm_memory_high_watermark", share: 1 / 16, least: 256, most: 512 }),
  slim: {
    rabbitmqExtras: {
      about: "RabbitMQ's optional plugins, Erlang's SNMP",
      what: "RabbitMQ's optional plugins and Erlang's SNMP",
      saves: { raw: 10.6, gz: 7.2 },
      // In a file of its own, which a bare host has too.
      excludes: [],
    },
  },
  identities: ["/var/lib/rabbitmq/.erlang.cookie", "/root/.erlang.cookie"],
  checks: {
    "rabbitmq:roundtrip": {
      proves: "RabbitMQ confirms a persistent message, gives it back from a quorum queue, and has no alarm",
      metrics,
    },
  },
  connection: {
    addresses: ({ rabbitmq: { address, port } }) => [`${address}:${port}`],
    environment: ({ rabbitmq }, service) => [
      { name: "RABBITMQ_HOST", value: rabbitmq.address },
      { name: "RABBITMQ_PORT", value: `${rabbitmq.port}` },
      ...commonVariables(rabbitmq, service),
    ],
    credential: { name: "rabbitmq_password", secret: "rabbitmq.app" },
  },
  clustered: {
    firstBoot: "the second and third broker join the first",
    packagedAccounts: [{ ...accounts.rabbitmq, groups: [clusterGroup] }, accounts.epmd],
    packageSources: ({ rabbitmq: { sources } }) => ({
      ...{ label: "RabbitMQ", package: "rabbitmq-server", least: leastOfCluster },
      ...{ asked: sources, setting: "rabbitmq.sources", of: rabbitmqSources },
    }),
    versions: () => [{ what: "RabbitMQ of a cluster", package: "rabbitmq-server", least: leastOfCluster }],
    checks: {
      "rabbitmq:roundtrip": {
        proves:
          "this machine's broker confirms a persistent message, gives it back from a quorum queue of three members, has no alarm, and sees the other two",
        metrics: [...metrics, ...clusterMetrics],
      },
    },
    ports: [
      { setting: "port", what: "AMQP", who: "RabbitMQ" },
      { setting: "managementPort", what: "RabbitMQ management", who: "RabbitMQ's management" },
      { port: wellKnownPorts.amqps, what: "AMQP by TLS", who: "RabbitMQ, by TLS", bind: "members" },
      { port: distributionPort, what: "Erlang distribution", who: "RabbitMQ's distribution", bind: "members" },
      { port: epmdPort, what: "Erlang port mapper", who: "RabbitMQ's port mapper epmd", activated: true },
    ],
    processes: ({ name, rabbitmq }) => [portMapper(name), member(name, rabbitmq)],
    files: ({ rabbitmq, definition }) => [
      ...((definition.slim as Readonly<Record<string, boolean>>).rabbitmqExtras ? [withoutExtras] : []),
      ...memberFiles(rabbitmq),
      ...files(rabbitmq, definition.name),
    ],
    connection: {
      addresses: ({ rabbitmq }) => memberAddresses(rabbitmq).map((address) => `${address}:${wellKnownPorts.amqps}`),
      environment: ({ rabbitmq }, service) => {
        const addresses = memberAddresses(rabbitmq);
        const { ca = "", certificate = "", key = "" } = rabbitmq.cluster ?? {};
        return [
          { name: "RABBITMQ_HOST", value: addresses.join(","), why: "Any of them." },
          { name: "RABBITMQ_PORT", value: addresses.map(() => wellKnownPorts.amqps).join(",") },
          { name: "RABBITMQ_CA", value: ca, why: "By TLS, whose certificates these sign." },
          {
            ...{ name: "RABBITMQ_CERTIFICATE", value: certificate },
            why: "Only members are let in: what shows that this is one.",
          },
          { name: "RABBITMQ_KEY", value: key },
          ...commonVariables(rabbitmq, service),
        ];
      },
      credential: { name: "rabbitmq_password", secret: "rabbitmq.app" },
    },
  },
  external: {
    ownSettings: ["port", "managementPort", "sources", "minimumVersion"],
    firstBoot: "what the stack has in RabbitMQ is declared",
    secrets: ({ rabbitmq: { adminUser, agentUser, user, secrets, external } }) => [
      ...(external?.management === undefined
        ? []
        : [{ name: secrets.admin, description: `Password of ${adminUser} in RabbitMQ, for the agent's setup` }]),
      { name: secrets.app, description: `Password of the services' user ${user} in RabbitMQ` },
      { name: secrets.agent, description: `Password of the agent's user ${agentUser} in RabbitMQ`, reader: "agent" },
    ],
    connection: {
      addresses: ({ rabbitmq: { external } }) => (external?.addresses ?? []).map(addressText),
      environment: ({ rabbitmq }, service) => {
        const { addresses = [], ca } = rabbitmq.external ?? {};
        return [
          { name: "RABBITMQ_HOST", value: addresses.map(({ host }) => host).join(","), why: "Any of them." },
          { name: "RABBITMQ_PORT", value: addresses.map(({ port }) => port).join(",") },
          ...(ca === undefined
            ? []
            : [{ name: "RABBITMQ_CA", value: ca, why: "By TLS, whose certificates these sign." }]),
          ...commonVariables(rabbitmq, service),
        ];
      },
      credential: { name: "rabbitmq_password", secret: "rabbitmq_password", orEmpty: true },
    },
  },
  ports: [
    { setting: "port", what: "AMQP", who: "RabbitMQ" },
    { setting: "managementPort", what: "RabbitMQ management", who: "RabbitMQ's management" },
    { port: distributionPort, what: "Erlang distribution", who: "RabbitMQ's distribution" },
    { port: epmdPort, what: "Erlang port mapper", who: "RabbitMQ's port mapper epmd", activated: true },
  ],
  names: ({ rabbitmq: { user, exchange, deadLetterExchange, deadLetterQueue, queues } }) => [
    { setting: "user", what: `RabbitMQ user ${user}` },
    { setting: "exchange", what: `exchange ${exchange}` },
    { setting: "deadLetterExchange", what: `exchange ${deadLetterExchange}` },
    { what: `queue ${deadLetterQueue}` },
    ...queues.map(({ name, service }) => ({ service, what: `queue ${name}` })),
  ],
  ownNames: ({ rabbitmq: { agentUser, adminUser, checkQueue } }) => [
    ...["guest", agentUser, adminUser].map((name) => `RabbitMQ user ${name}`),
    `exchange ${checkQueue}`,
    `queue ${checkQueue}`,
  ],
  units: () => [{ unit: "epmd.socket", want: "enabled", wantedBy: "sockets.target" }],
  processes: ({ name, rabbitmq }) => [portMapper(name), server(name, rabbitmq)],
  files: ({ rabbitmq, name, definition }) => [
    ...((definition.slim as Readonly<Record<string, boolean>>).rabbitmqExtras ? [withoutExtras] : []),
    ...files(rabbitmq, name),
  ],
};

function commonVariables({ vhost, user, exchange, queues }: RabbitmqModel, service: string): Variable[] {
  return [
    { name: "RABBITMQ_VHOST", value: vhost },
    { name: "RABBITMQ_USER", value: user },
    { name: "RABBITMQ_EXCHANGE", value: exchange },
    ...queues
      .filter((queue) => queue.service === service)
      .flatMap(({ name, type }) => [
        { name: "RABBITMQ_QUEUE", value: name },
        { name: "RABBITMQ_QUEUE_TYPE", value: type, why: queueTypes.join(" or ") },
      ]),
  ];
}

function portMapper(name: string): Process {
  return {
    unit: "epmd.service",
    logName: "epmd",
    title: `Erlang port mapper of ${name}`,
    template: { path: "units/epmd.service.ejs" },
    user: "epmd",
    command: ["/usr/bin/epmd", "-systemd"],
    ready: "started",
    activated: true,
    restart: "on-failure",
    writable: [],
  };
}

function memberAddresses({ cluster }: RabbitmqModel): readonly string[] {
  return cluster === undefined ? [] : nodeAddresses(cluster);
}

/** What Erlang evaluates before it starts RabbitMQ; `lead` where the broker is alone. */
const startParts = { alone: ["log", "start", "lead"], member: ["log", "start"] } as const;

/** One of a cluster's three: it leads nothing before the others have voted. */
function member(name: string, rabbitmq: RabbitmqModel): Process {
  const process = server(name, rabbitmq, startParts.member);
  return { ...process, sandbox: { ...process.sandbox, network: "members" } };
}

function server(
  name: string,
  { unit }: RabbitmqModel,
  parts: readonly (typeof startParts.alone)[number][] = startParts.alone,
): Process {
  return {
    unit,
    logName: "rabbitmq",
    title: `RabbitMQ broker of ${name}`,
    template: { path: "units/rabbitmq-server.service.ejs" },
    user: "rabbitmq",
    command: ["/usr/lib/rabbitmq/bin/rabbitmq-server"],
    folder: "/var/lib/rabbitmq",
    logFolder: "rabbitmq",
    ready: "notify",
    notifier: "children",
    startWithin: { value: 600 },
    stop: {
      value: { mainOnly: true, within: 60 },
      why: "SIGTERM is an orderly stop of the Erlang VM; `rabbitmqctl stop` would start a second one to say so.",
    },
    restart: "on-failure",
    openFiles: 65_536,
    environment: [
      {
        name: "ERL_CRASH_DUMP_BYTES",
        value: "0",
        why: "Erlang's own kind of core: every process's memory, logins' passwords among it. Why it ended is in the journal.",
      },
      {
        name: "ERL_AFLAGS",
        value: parts.map((part) => `-run file eval /usr/lib/stack-agent/rabbitmq-${part}.erl`).join(" "),
        why: "Evaluated by Erlang first: no value of a message gets into the log, and RabbitMQ is ready sooner.",
      },
    ],
    writable: ["/var/lib/rabbitmq"],
    sandbox: { jit: true, wholeProc: "the memory watermark is worked out from meminfo", families: "AF_NETLINK" },
  };
}

const withoutExtras = {
  ...buildFile("/etc/dpkg/dpkg.cfg.d/stack-rabbitmq", "rootfs-overlay/etc/dpkg/dpkg.cfg.d/stack-rabbitmq"),
  beforePackages: true,
} as const;

/** What a broker is a member of the cluster by. */
function memberFiles({ unit }: RabbitmqModel): DeclaredFile[] {
  return [
    { ...buildFile("/etc/rabbitmq/inter-node-tls.config", `${etc}/inter-node-tls.config.ejs`), unit },
    {
      // Read when the first broker of the cluster makes its database, and never again: no unit.
      ...buildFile("/etc/rabbitmq/conf.d/first-user.conf", `${etc}/conf.d/first-user.conf.ejs`),
      mode: 0o640,
      owner: "root:rabbitmq",
      when: "boot",
    },
  ];
}

function files(rabbitmq: RabbitmqModel, name: string): DeclaredFile[] {
  const { unit, cluster } = rabbitmq;
  // A member's have its address.
  const when = cluster === undefined ? "build" : "boot";
  return [
    { ...buildFile("/etc/rabbitmq/rabbitmq.conf", `${etc}/rabbitmq.conf.ejs`), when, unit },
    { ...buildFile("/etc/rabbitmq/rabbitmq-env.conf", `${etc}/rabbitmq-env.conf.ejs`), when, unit },
    { ...buildFile("/etc/rabbitmq/enabled_plugins", `${etc}/enabled_plugins`), unit },
    ...startParts[cluster === undefined ? "alone" : "member"].map((part) => ({
      ...buildFile(
        `/usr/lib/stack-agent/rabbitmq-${part}.erl`,
        `rootfs-overlay/usr/lib/stack-agent/rabbitmq-${part}.erl`,
      ),
      unit,
    })),
    { path: "/etc/rabbitmq/conf.d", kind: "directory", mode: 0o755, owner: "root:root", when: "build" },
    {
      ...buildFile("/etc/systemd/system/epmd.socket.d/loopback.conf", "units/epmd.socket.d/loopback.conf"),
      unit: "epmd.socket",
    },
    { ...buildFile("/etc/rabbitmq/conf.d/memory.conf", `${etc}/conf.d/memory.conf.ejs`), when: "boot", unit },
    {
      ...buildFile("/var/lib/rabbitmq/.erlang.cookie", "rootfs-overlay/var/lib/rabbitmq/.erlang.cookie.ejs"),
      mode: 0o400,
      owner: "rabbitmq:rabbitmq",
      when: "boot",
      unit,
    },
    {
      ...buildFile(definitionsPath, `${etc}/definitions.json.ejs`),
      mode: 0o640,
      owner: "root:rabbitmq",
      when: "boot",
      // No unit: a broker that runs is given what it lacks, and needs no restart for it.
      data: { definitions: loadedDefinitions(rabbitmqDefinitions(rabbitmq, name)).atStart },
    },
  ];
}
