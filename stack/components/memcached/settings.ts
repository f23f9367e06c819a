import * as z from "zod/mini";
import { portField, TiB } from "../../definition/fields.ts";
import { sizeMiB } from "../../definition/size.ts";

/** The section `memcached` of a stack.yaml. */
export const memcachedSettings = z
  .strictObject({
    port: z._default(portField("memcached's port, on loopback"), 11211),
    memory: z._default(
      sizeMiB("Ceiling of what it holds; the memory budget may give less", { least: 64, most: 16 * TiB }),
      256,
    ),
    connections: z._default(z.int().check(z.gte(16), z.lte(60_000), z.describe("Connections at the same time")), 1024),
  })
  .check(z.describe("memcached, a cache of one process, without a password; left out, there is none"));

export type MemcachedSettings = z.output<typeof memcachedSettings>;
