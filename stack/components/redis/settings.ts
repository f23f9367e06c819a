import * as z from "zod/mini";
import { portField, TiB } from "../../definition/fields.ts";
import { sizeMiB } from "../../definition/size.ts";
import { externalFields } from "../external-fields.ts";
import { wellKnownPorts } from "../well-known-ports.ts";

const external = z
  .strictObject({
    ...externalFields("Nodes of a cluster, Sentinels, or a server", wellKnownPorts.redis),
    mode: z._default(
      z
        .enum(["cluster", "sentinel", "single"])
        .check(z.describe("What they are; with sentinel `addresses` are the Sentinels', default port: 26379")),
      "cluster",
    ),
    master: z._default(
      z
        .string()
        .check(
          z.regex(/^[A-Za-z0-9._-]+$/, "must be letters, digits, . _ -"),
          z.describe("The Sentinels' name for it"),
        ),
      "mymaster",
    ),
    user: z._default(
      z
        .string()
        .check(
          z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "must be letters, digits, . _ -"),
          z.describe("User (ACL) that services and agent log in as"),
        ),
      "default",
    ),
  })
  .check(z.describe("Servers of somebody else's, in the place of a cluster of its own (docs/external-engines.md)"));

/** The section `redis` of a stack.yaml. */
export const redisSettings = z
  .strictObject({
    ports: z._default(
      z
        .array(
          portField("A node's port").check(
            z.lte(55_535, "a node's cluster bus listens on port + 10000, and 65535 is the last"),
          ),
        )
        .check(
          z.minLength(3, "a Redis Cluster needs at least three masters"),
          z.maxLength(1000, "a Redis Cluster has at most 1000 nodes"),
          z.describe(
            "The nodes' ports, on loopback; a node's cluster bus listens on port + 10000. In a cluster each machine has the first two",
          ),
        ),
      [6379, 6380, 6381],
    ),
    external: z.optional(external),
    maxmemory: z._default(
      sizeMiB("Ceiling of a node's memory; the memory budget may give less", { least: 64, most: 16 * TiB }),
      2048,
    ),
    policy: z._default(
      z
        .enum(["allkeys-lru", "allkeys-lfu", "volatile-lru", "volatile-lfu", "volatile-ttl", "noeviction"])
        .check(z.describe("What a full node evicts")),
      "allkeys-lru",
    ),
    save: z._default(
      z
        .string()
        .check(
          z.regex(
            /^$|^[1-9]\d{0,8} \d{1,9}( [1-9]\d{0,8} \d{1,9})*$/,
            'must be pairs of seconds and changes, e.g. "900 1 300 100"',
          ),
          z.describe('RDB snapshots: seconds and changes; "": none'),
        ),
      "900 1 300 100 60 10000",
    ),
    appendfsync: z._default(
      z.enum(["everysec", "always", "no"]).check(z.describe("When the append-only file is synced to disk")),
      "everysec",
    ),
  })
  .check(z.describe("Redis Cluster, cache and pub/sub; left out, there is none"));

export type RedisSettings = z.output<typeof redisSettings>;
