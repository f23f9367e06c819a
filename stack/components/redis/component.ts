import type { FileEntry, RedisNode } from "../../model.ts";
import type { Component } from "../component.ts";
import { buildFile } from "../system/component.ts";

/** Redis Cluster: one unit and one folder a node, all on loopback, one password. */
export const redis: Component = {
  name: "redis",
  present: (definition) => definition.redis !== undefined,
  data: {
    component: "redis",
    path: "/var/lib/redis",
    mode: 0o750,
    owner: "redis:redis",
    holds: ({ redis }) => redis?.nodes.map(({ dataDirectory }) => dataDirectory) ?? [],
  },
  packagedAccounts: [{ name: "redis", id: 303, user: { home: "/var/lib/redis" } }],
  packages: () => ["redis-server", "redis-tools"],
  secrets: () => [{ name: "redis.auth", reader: "agent", purpose: "Redis: the default user's password on every node" }],
  ports: ({ redis }) =>
    (redis?.nodes ?? []).flatMap((node) => [
      { port: node.port, owner: "redis", what: "Redis", bind: "loopback" },
      { port: node.busPort, owner: "redis", what: "Redis Cluster bus", bind: "loopback" },
    ]),
  units: ({ redis }) => [
    // The package's own single server, on the first node's port.
    { unit: "redis-server.service", component: "redis", want: "masked" },
    ...(redis?.nodes ?? []).map(
      ({ unit }) =>
        ({ unit, component: "redis", want: "enabled", wantedBy: "multi-user.target", running: true }) as const,
    ),
  ],
  files: ({ redis }) => (redis?.nodes ?? []).flatMap(files),
};

function files(node: RedisNode): Omit<FileEntry, "component">[] {
  const { unit } = node;
  return [
    // A node whose folder is gone has the folder that was there as its own, and can't save.
    { path: node.dataDirectory, kind: "directory", mode: 0o750, owner: "redis:redis", when: "build", unit },
    { ...buildFile(`/etc/systemd/system/${unit}`, "units/redis-node.service.ejs"), unit, data: { node } },
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
