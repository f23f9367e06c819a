import { clusterGroup, nodeAddresses } from "../cluster/model.ts";
import type { Component, DeclaredFile } from "../component.ts";
import { addressText } from "../external.ts";
import type { Process, Variable } from "../process.ts";
import { buildFile } from "../system/component.ts";
import { clusterMetrics, metrics } from "./metrics.ts";
import { busOffset, type ExternalRedis, nodesOfMember, type RedisModel, type RedisNode, redisModel } from "./model.ts";
import { redisSettings } from "./settings.ts";

/** What a node takes of memory beside its data, fragmentation above all, as a multiple. */
const fragmentation = 1.1;

const account = { name: "redis", id: 303, user: { home: "/var/lib/redis" } } as const;

const observes = {
  unit: "percent of maxmemory",
  metric: {
    name: "stack_redis_memory_used_ratio",
    type: "gauge",
    help: "Memory that the fullest Redis node uses, of its maxmemory.",
    per: 100,
  },
} as const;

/** Redis Cluster: one unit and one folder a node, all on loopback, one password. */
export const redis: Component<"redis", typeof redisSettings, RedisModel, "redis:cluster"> = {
  name: "redis",
  label: "Redis Cluster",
  kind: "datastore",
  firstBoot: "the Redis Cluster is formed",
  settings: redisSettings,
  model: redisModel,
  data: {
    path: "/var/lib/redis",
    mode: 0o750,
    owner: "redis:redis",
    holds: ({ redis }) => redis.nodes.map(({ dataDirectory }) => dataDirectory),
    packaged: true,
    example: "8 GiB",
  },
  packagedAccounts: [account],
  packages: () => ["redis-server", "redis-tools"],
  secrets: () => [{ name: "redis.auth", reader: "agent", purpose: "Redis: the default user's password on every node" }],
  versions: () => [{ what: "Redis", package: "redis-server", least: "7.0" }],
  memory: ({ redis: { maxmemory, nodes } }) => {
    // A node may double while it saves: one at a time does (the job redis-saves).
    const worst = fragmentation * (nodes.length + 1);
    return { setting: "maxmemory", wanted: maxmemory, processes: nodes.length, worst };
  },
  checks: {
    "redis:cluster": {
      proves: "each Redis node takes a write in a slot of its own and saves, and all 16384 slots are served",
      observes,
      metrics,
    },
  },
  jobs: ["redis-saves"],
  connection: {
    addresses: ({ redis: { address, ports } }) => ports.map((port) => `${address}:${port}`),
    environment: ({ redis: { address, nodes } }) => [
      { name: "REDIS_NODES", value: nodes.map(({ port }) => `${address}:${port}`).join(",") },
    ],
    credential: { name: "redis_password", secret: "redis.auth" },
  },
  external: {
    ownSettings: ["ports", "maxmemory", "policy", "save", "appendfsync"],
    secrets: ({ redis: { secret, external } }) => [
      { name: secret, description: `Password of ${external?.user} in Redis`, reader: "agent" },
    ],
    connection: {
      addresses: ({ redis: { external } }) => (external?.addresses ?? []).map(addressText),
      environment: ({ redis: { external } }) => (external === undefined ? [] : externalVariables(external)),
      credential: { name: "redis_password", secret: "redis_password", orEmpty: true },
    },
  },
  clustered: {
    firstBoot: "the Redis Cluster of all machines is formed by the first of them",
    packagedAccounts: [{ ...account, groups: [clusterGroup] }],
    ports: [
      { setting: "ports", first: nodesOfMember, what: "Redis", who: "Redis node", bind: "members" },
      {
        ...{ setting: "ports", first: nodesOfMember, plus: busOffset, bind: "members" },
        ...{ what: "Redis Cluster bus", who: "the cluster bus of Redis node" },
      },
    ],
    processes: ({ name, redis }) => redis.nodes.map((node) => process(name, node, "members")),
    checks: {
      "redis:cluster": {
        proves:
          "each Redis node of this machine saves, and takes a write where it is a master; all 16384 slots are served, and each of them by two machines",
        observes,
        metrics: [...metrics, ...clusterMetrics],
      },
    },
    jobs: ["redis-saves", "redis-balance"],
    connection: {
      addresses: ({ redis }) => memberAddresses(redis),
      environment: ({ redis }) => memberVariables(redis),
      credential: { name: "redis_password", secret: "redis.auth" },
    },
  },
  ports: [
    { setting: "ports", what: "Redis", who: "Redis node" },
    { setting: "ports", plus: busOffset, what: "Redis Cluster bus", who: "the cluster bus of Redis node" },
  ],
  // The package's own single server, on the first node's port.
  units: () => [{ unit: "redis-server.service", want: "masked" }],
  processes: ({ name, redis }) => redis.nodes.map((node) => process(name, node)),
  files: ({ redis }) => redis.nodes.flatMap(files),
};

function externalVariables({ addresses, mode, master, user, ca }: ExternalRedis): Variable[] {
  return [
    { name: "REDIS_NODES", value: addresses.map(addressText).join(",") },
    { name: "REDIS_MODE", value: mode, why: "What they are: nodes of a cluster, sentinels, or a single server." },
    ...(mode === "sentinel" ? [{ name: "REDIS_MASTER", value: master }] : []),
    { name: "REDIS_USER", value: user },
    ...(ca === undefined ? [] : [{ name: "REDIS_CA", value: ca, why: "By TLS, whose certificates these sign." }]),
  ];
}

/** Masters' usual ports first: who asks the first that answers is told of the others. */
function memberAddresses({ cluster, nodes }: RedisModel): string[] {
  if (cluster === undefined) return [];
  return nodes.flatMap(({ port }) => nodeAddresses(cluster).map((address) => `${address}:${port}`));
}

function memberVariables(redis: RedisModel): Variable[] {
  const { ca, certificate, key } = redis.cluster ?? {};
  if (ca === undefined || certificate === undefined || key === undefined) return [];
  return [
    { name: "REDIS_NODES", value: memberAddresses(redis).join(","), why: "Any of them tells of the others." },
    { name: "REDIS_CA", value: ca, why: "By TLS, whose certificates these sign." },
    { name: "REDIS_CERTIFICATE", value: certificate, why: "Only members are let in: what shows that this is one." },
    { name: "REDIS_KEY", value: key },
  ];
}

function process(name: string, node: RedisNode, network?: "members"): Process {
  return {
    unit: node.unit,
    logName: `redis-${node.port}`,
    title: `Redis Cluster node of ${name} on port ${node.port}`,
    template: { path: "units/redis-node.service.ejs", data: { node } },
    user: "redis",
    command: ["/usr/bin/redis-server", node.config],
    runFolder: `redis-${node.port}`,
    ready: "notify",
    startWithin: { value: Infinity, why: "Loading and saving take as long as there is data." },
    stop: { value: { within: 120 } },
    restart: "always",
    openFiles: 65_535,
    writable: [node.dataDirectory],
    sandbox: { noExec: ["/tmp", "/var/tmp", "/dev/shm"], ...(network && { network }) },
  };
}

function files(node: RedisNode): DeclaredFile[] {
  const { unit } = node;
  return [
    // A node whose folder is gone has the folder that was there as its own, and can't save.
    { path: node.dataDirectory, kind: "directory", mode: 0o750, owner: "redis:redis", when: "build", unit },
    {
      ...buildFile(node.config, "rootfs-overlay/etc/redis/redis-node.conf.ejs"),
      mode: 0o640,
      owner: "root:redis",
      when: "boot",
      unit,
      data: { node },
    },
  ];
}
