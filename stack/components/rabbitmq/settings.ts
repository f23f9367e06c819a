import * as z from "zod/mini";
import { nameField, portField, TiB } from "../../definition/fields.ts";
import { sizeMiB } from "../../definition/size.ts";
import { addressField, externalFields } from "../external-fields.ts";
import { wellKnownPorts } from "../well-known-ports.ts";
import { rabbitmqSourceNames } from "./sources.ts";

const userField = (what: string) =>
  z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "must be letters, digits, . _ -"), z.describe(what));

const external = z
  .strictObject({
    ...externalFields("The brokers, of one cluster", wellKnownPorts.amqp, wellKnownPorts.amqps),
    management: z.optional(
      addressField(
        "Their management API, HOST:PORT, by TLS as they; left out, the agent declares nothing, and knows only what AMQP tells",
      ),
    ),
    admin: userField("User by which the agent's setup logs in there, with the tag policymaker or administrator"),
  })
  .check(z.describe("Brokers of somebody else's, in the place of one of its own (docs/external-engines.md)"));

/** The section `rabbitmq` of a stack.yaml. */
export const rabbitmqSettings = z
  .strictObject({
    port: z._default(portField("AMQP, on loopback"), 5672),
    managementPort: z._default(portField("Management API and pages, on loopback"), 15672),
    external: z.optional(external),
    // It stands in URLs, whose readers take % and + for signs of theirs, and . and .. for folders.
    vhost: z.optional(
      z
        .string()
        .check(
          z.regex(
            /^(\/|\/?[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*)$/,
            "must be letters, digits, . _ - and between them /, e.g. /stock-analysis",
          ),
          z.maxLength(120),
          z.describe("Virtual host; default: /NAME"),
        ),
    ),
    user: z.optional(nameField("stock-analysis", 60).check(z.describe("The services' user; default: NAME"))),
    exchange: z.optional(
      nameField("stock-analysis-events", 120).check(z.describe("Topic exchange; default: NAME-events")),
    ),
    deadLetterExchange: z.optional(
      nameField("stock-analysis-dlx", 120).check(z.describe("Where rejected messages go; default: NAME-dlx")),
    ),
    deliveryLimit: z._default(
      z.int().check(z.gte(1), z.lte(1000), z.describe("Tries before a message is dead-lettered")),
      5,
    ),
    streamSize: z._default(
      sizeMiB("What a stream keeps on disk; then its oldest events are deleted", { least: 64, most: 1024 * TiB }),
      1024,
    ),
    sources: z.optional(
      z
        .array(z.enum(rabbitmqSourceNames))
        .check(
          z.minLength(1, "must name a source"),
          z.describe(
            "Where RabbitMQ comes from: the first of these that has a new enough one; default: relocated on Debian 12, debian on 13",
          ),
          z.meta({ examples: [["debian"]] }),
        ),
    ),
    minimumVersion: z._default(
      z
        .string('must be in quotes, e.g. "3.12"')
        .check(
          z.regex(/^\d{1,9}\.\d{1,9}$/, 'must be two numbers, e.g. "3.12"'),
          z.describe("An older RabbitMQ is told as a deviation; in quotes"),
        ),
      "3.12",
    ),
  })
  .check(z.describe("RabbitMQ; left out, there is none"));

export type RabbitmqSettings = z.output<typeof rabbitmqSettings>;
