import type { Component, Having } from "../component.ts";
import type { Process } from "../process.ts";
import { type MemcachedSettings, memcachedSettings } from "./settings.ts";

export interface MemcachedModel extends MemcachedSettings {
  readonly unit: "memcached.service";
}

type Stack = Having<"memcached", MemcachedModel>;

/** memcached: one process on loopback, nothing on disk. */
export const memcached: Component<"memcached", typeof memcachedSettings, MemcachedModel, "memcached:roundtrip"> = {
  name: "memcached",
  label: "memcached",
  kind: "datastore",
  settings: memcachedSettings,
  model: (settings) => ({ ...settings, unit: "memcached.service" }),
  packagedAccounts: [
    { name: "memcache", id: 306, user: { comment: "Memcached", home: "/nonexistent", shell: "/bin/false" } },
  ],
  packages: () => ["memcached"],
  ports: [{ setting: "port", what: "memcached" }],
  // Tables of connections and of keys lie beside what is held.
  memory: ({ memcached: { memory } }) => ({ setting: "memory", wanted: memory, processes: 1, worst: 1.25 }),
  checks: {
    "memcached:roundtrip": {
      proves: "memcached takes a value and gives it back",
      observes: {
        unit: "percent of memory",
        metric: {
          name: "stack_memcached_memory_used_ratio",
          type: "gauge",
          help: "What memcached holds, of what it may.",
          per: 100,
        },
      },
    },
  },
  connection: {
    addresses: ({ memcached: { address, port } }) => [`${address}:${port}`],
    environment: ({ memcached: { address, port } }) => [
      { name: "MEMCACHED_HOST", value: address },
      { name: "MEMCACHED_PORT", value: `${port}` },
    ],
  },
  units: () => [],
  processes: (stack) => [server(stack)],
  files: () => [],
};

function server({ name, memcached: { address, port, connections, unit } }: Stack): Process {
  return {
    unit,
    logName: "memcached",
    title: `memcached of ${name}`,
    user: "memcache",
    command: [
      "/usr/bin/memcached",
      ...["-l", address, "-p", `${port}`, "-m", `$${memoryVariable}`, "-c", `${connections}`],
    ],
    memoryVariable,
    ready: "started",
    stop: { value: { within: 10 } },
    restart: "always",
    openFiles: 65_536,
    writable: [],
  };
}

const memoryVariable = "MEMORY_MIB";
