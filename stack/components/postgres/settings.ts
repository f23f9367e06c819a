import * as z from "zod/mini";
import { cronField, portField } from "../../definition/fields.ts";
import { externalFields } from "../external-fields.ts";
import { wellKnownPorts } from "../well-known-ports.ts";
import { hbaWords, reservedWords } from "./reserved-words.ts";

const identifier = (what: string) =>
  z.string().check(
    z.regex(/^[a-z_][a-z0-9_]{0,62}$/, "must be a PostgreSQL identifier: a-z, 0-9, _, at most 63"),
    z.refine((name) => !reservedWords.has(name) && !hbaWords.has(name), "is a word of PostgreSQL's own language"),
    z.describe(what),
  );

const external = z
  .strictObject({
    ...externalFields("The servers, of which the one that takes writes is used", wellKnownPorts.postgres),
    admin: identifier("Role by which the agent's setup logs in, best the database's owner"),
  })
  .check(z.describe("Servers of somebody else's, in the place of one of its own (docs/external-engines.md)"));

/** The section `postgres` of a stack.yaml. */
export const postgresSettings = z
  .strictObject({
    port: z._default(portField("PostgreSQL's port, on loopback"), wellKnownPorts.postgres),
    database: z.optional(identifier("The event store's database; default: NAME_event_store")),
    user: z.optional(identifier("The services' login role; default: NAME_user")),
    connections: z._default(z.int().check(z.gte(10), z.lte(5000), z.describe("Connections usable by services")), 100),
    sharedBuffers: z._default(
      z.number().check(z.gte(0.05), z.lte(0.4), z.describe("shared_buffers as a share of the container's memory")),
      0.25,
    ),
    external: z.optional(external),
    viewRefresh: z._default(cronField("When the event statistics view is refreshed"), "* * * * *"),
  })
  .check(z.describe("PostgreSQL with the event store; left out, there is none"));

export type PostgresSettings = z.output<typeof postgresSettings>;
