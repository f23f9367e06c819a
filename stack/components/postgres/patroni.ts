import type { Suite } from "../../debian.ts";

/** What makes PostgreSQL's server one of three: Patroni, which runs it, and etcd, where they agree on who leads. */
export interface PatroniModel {
  readonly config: string;
  /** Patroni's own HTTPS, for members alone. */
  readonly port: number;
  readonly etcd: EtcdModel;
  /** Roles of its own: who streams the log, and who asks where two servers' logs part. */
  readonly roles: { readonly replication: string; readonly rewind: string };
  /** What all three servers have in common: it lies in etcd, and is changed there. */
  readonly dynamic: DynamicSettings;
}

export interface EtcdModel {
  readonly unit: "etcd.service";
  readonly config: string;
  readonly dataDirectory: string;
  /** For clients, and for one another. */
  readonly port: number;
  readonly peerPort: number;
  /** Which of its protocols Patroni speaks. */
  readonly protocol: "etcd" | "etcd3";
  /** Milliseconds. */
  readonly heartbeat: number;
  readonly election: number;
}

/** A part of https://patroni.readthedocs.io/en/latest/dynamic_configuration.html */
export interface DynamicSettings {
  /** Seconds. */
  readonly ttl: number;
  readonly loop_wait: number;
  readonly retry_timeout: number;
  readonly primary_start_timeout: number;
  readonly synchronous_mode: boolean;
  readonly synchronous_mode_strict: boolean;
  readonly failsafe_mode: boolean;
  readonly postgresql: {
    readonly use_pg_rewind: boolean;
    readonly use_slots: boolean;
    /** Those that a standby must have as its leader has them, or more. */
    readonly parameters: Readonly<Record<string, string | number>>;
  };
}

/**
 * By Debian's release, Patroni 3.0 and 4.0.
 *
 * 3.0 takes a lost lock back by etcd's newer protocol without asking whose it is now: a leader that was frozen, and whose
 * place was taken, led again, and what was acknowledged meanwhile was lost (measured). By the older protocol it asks.
 * 4.0 asks by the newer one, but takes no ttl below 20.
 */
const byRelease = {
  bookworm: { protocol: "etcd", ttl: 9 },
  trixie: { protocol: "etcd3", ttl: 20 },
} as const satisfies Readonly<Record<Suite, unknown>>;

export function patroniModel(debian: Suite, maxConnections: number): PatroniModel {
  const { protocol, ttl } = byRelease[debian];
  return {
    config: "/etc/patroni/config.yml",
    port: 8008,
    etcd: {
      unit: "etcd.service",
      config: "/etc/etcd/stack.yml",
      dataDirectory: "/var/lib/etcd/stack",
      ...{ port: 2379, peerPort: 2380, protocol },
      // One that waits for a disk that others use too is no lost one: ten missed beats, and a second and a half.
      ...{ heartbeat: 150, election: 1500 },
    },
    roles: { replication: "stack_replication", rewind: "stack_rewind" },
    dynamic: {
      // A leader that is not heard of for ttl has lost the lock; it refreshes it each loop_wait, and gives up what etcd
      // doesn't answer after retry_timeout: loop_wait + 2 retry_timeout are less than ttl.
      ...{ ttl, loop_wait: 2, retry_timeout: 3 },
      // A server that was killed is not waited for where another can lead.
      primary_start_timeout: 0,
      // What is acknowledged is on two machines, always: without a second one writes wait.
      ...{ synchronous_mode: true, synchronous_mode_strict: true },
      // etcd's disks stand still, and all members still see the leader: it goes on.
      failsafe_mode: true,
      postgresql: {
        ...{ use_pg_rewind: true, use_slots: true },
        parameters: {
          max_connections: maxConnections,
          ...{ max_wal_senders: 8, max_replication_slots: 8, max_worker_processes: 8 },
          ...{ wal_level: "replica", wal_log_hints: "on" },
          // A standby asks the new leader at once, not after five seconds.
          wal_retrieve_retry_interval: "500ms",
        },
      },
    },
  };
}
