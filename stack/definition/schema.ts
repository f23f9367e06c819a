import * as z from "zod/mini";
import { hbaWords, reservedWords } from "../components/postgres/reserved-words.ts";
import { queueTypes } from "../components/rabbitmq/queue-types.ts";
import { brokerSources } from "../components/rabbitmq/sources.ts";
import { suites } from "../debian.ts";
import { cronFault } from "./cron.ts";
import { deploySchema } from "./deploy.ts";
import { networkSchema } from "./network.ts";
import { sizeMiB } from "./size.ts";

/** In MiB. */
const TiB = 1024 * 1024;
const name = (what: string, max: number) =>
  z
    .string()
    .check(
      z.regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, `must be lower-case words joined by "-", e.g. ${what}`),
      z.maxLength(max),
    );
const port = (what: string) =>
  z
    .int()
    .check(z.gte(1024, "ports below 1024 need a capability that no service here has"), z.lte(65535), z.describe(what));
const identifier = (what: string) =>
  z.string().check(
    z.regex(/^[a-z_][a-z0-9_]{0,62}$/, "must be a PostgreSQL identifier: a-z, 0-9, _, at most 63"),
    z.refine((name) => !reservedWords.has(name) && !hbaWords.has(name), "is a word of PostgreSQL's own language"),
    z.describe(what),
  );
/** Twice would be twice in a file of the container. */
const eachOnce = z.refine<readonly string[]>((list) => new Set(list).size === list.length, "names something twice");
const cron = (what: string, also: readonly string[] = []) =>
  z.string().check((check) => {
    const { value: input } = check;
    const fault = also.includes(input) ? undefined : cronFault(input);
    if (fault === undefined) return;
    const words = also.map((word) => `"${word}" or `).join("");
    check.issues.push({ code: "custom", input, message: fault.replace(/^must be a/, `must be ${words}a`) });
  }, z.describe(what));

const volume = (what: string) => z.optional(sizeMiB(`Volume of ${what}`, { least: 1024, most: 1024 * TiB }));

const container = z.strictObject({
  hostname: z.optional(
    z
      .string()
      .check(
        z.regex(/^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/, "must be a host name: letters, digits, -"),
        z.describe("Host name; default: NAME"),
      ),
  ),
  cores: z._default(z.int().check(z.gte(1), z.lte(512), z.describe("CPU cores")), 4),
  memory: z._default(sizeMiB("Memory of the container", { least: 2048, most: 16 * TiB }), 8192),
  swap: z._default(sizeMiB("Swap of the container", { most: 16 * TiB }), 512),
  disk: z._default(sizeMiB("Size of the root disk", { least: 8192, most: 1024 * TiB }), 51200),
  nesting: z._default(z.boolean().check(z.describe("Proxmox's nesting feature")), false),
  network: z._default(networkSchema, "dhcp"),
  volumes: z.prefault(
    z
      .strictObject({
        postgres: volume("/var/lib/postgresql"),
        redis: volume("/var/lib/redis"),
        rabbitmq: volume("/var/lib/rabbitmq"),
      })
      .check(
        z.describe(
          "Mount points of their own, with backup=1, for databases' data: {postgres: 20 GiB, redis: 8 GiB, rabbitmq: 8 GiB}; what is left out lies on the root disk",
        ),
      ),
    {},
  ),
});

const postgres = z.strictObject({
  port: z._default(port("PostgreSQL's port, on loopback"), 5432),
  database: z.optional(identifier("The event store's database; default: NAME_event_store")),
  user: z.optional(identifier("The services' login role; default: NAME_user")),
  connections: z._default(z.int().check(z.gte(10), z.lte(5000), z.describe("Connections usable by services")), 100),
  sharedBuffers: z._default(
    z.number().check(z.gte(0.05), z.lte(0.4), z.describe("shared_buffers as a share of the container's memory")),
    0.25,
  ),
  viewRefresh: z._default(cron("When the event statistics view is refreshed"), "* * * * *"),
});

const redis = z.strictObject({
  ports: z._default(
    z
      .array(
        port("A node's port").check(
          z.lte(55_535, "a node's cluster bus listens on port + 10000, and 65535 is the last"),
        ),
      )
      .check(
        z.minLength(3, "a Redis Cluster needs at least three masters"),
        z.maxLength(1000, "a Redis Cluster has at most 1000 nodes"),
        z.describe("The nodes' ports, on loopback; a node's cluster bus listens on port + 10000"),
      ),
    [6379, 6380, 6381],
  ),
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
});

const rabbitmq = z.strictObject({
  port: z._default(port("AMQP, on loopback"), 5672),
  managementPort: z._default(port("Management API and pages, on loopback"), 15672),
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
  user: z.optional(name("stock-analysis", 60).check(z.describe("The services' user; default: NAME"))),
  exchange: z.optional(name("stock-analysis-events", 120).check(z.describe("Topic exchange; default: NAME-events"))),
  deadLetterExchange: z.optional(
    name("stock-analysis-dlx", 120).check(z.describe("Where rejected messages go; default: NAME-dlx")),
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
      .array(z.enum(brokerSources))
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
});

const service = z.strictObject({
  port: port("Where the service listens, on every address"),
  bindings: z._default(
    z
      .array(
        z.string().check(
          z.minLength(1),
          z.refine((key) => new TextEncoder().encode(key).length <= 255, "has more than 255 bytes, AMQP's most"),
        ),
      )
      .check(eachOnce, z.describe("Routing keys its queue is bound with")),
    [],
  ),
  queue: z._default(
    z
      .enum(queueTypes)
      .check(
        z.describe(
          "Its queue: a quorum queue, whose events are gone once they are done; or a stream, which keeps them and is read from any place",
        ),
      ),
    "quorum",
  ),
  needs: z.optional(
    z
      .array(z.enum(["postgres", "redis", "rabbitmq"]))
      .check(eachOnce, z.describe("Components it depends on; default: all the stack has")),
  ),
  module: z._default(
    z
      .string()
      .check(
        z.regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/, "must be a Python module's name"),
        z.describe("Run as python -m MODULE"),
      ),
    "reference_service",
  ),
  notify: z._default(z.boolean().check(z.describe("The module tells systemd when it is ready (sd_notify)")), true),
  source: z._default(
    z.string().check(z.describe("`reference`, or a folder beside stack.yaml with the module and requirements.lock")),
    "reference",
  ),
});

const leftOut = (what: string, initially = true) =>
  z._default(z.boolean().check(z.describe(`Leave out of the template: ${what}`)), initially);

/** What need not be in a template. The files each stands for are the builder's to know. */
const slim = z.strictObject({
  man: leftOut("manual pages"),
  docs: leftOut("documentation, but for copyright texts"),
  translations: leftOut("programs' messages in other languages than English and the locale's"),
  charsets: leftOut("East Asian and mainframe character sets; kept anyway where the locale is East Asian"),
  jit: leftOut("LLVM, which only PostgreSQL's JIT uses; the JIT is off"),
  sanitizers: leftOut("run-time libraries of gcc -fsanitize="),
  compilerTools: leftOut("lto-dump, gprofng, dwp"),
  staticLibraries: leftOut("libraries for gcc -static"),
  lto: leftOut("the compiler of gcc -flto", false),
  gitServer: leftOut("git daemon, http-backend, http-push, imap-send"),
  rabbitmqExtras: leftOut("RabbitMQ's optional plugins, Erlang's SNMP"),
});

/** The whole of a stack.yaml. */
export const definitionSchema = z.strictObject({
  // A group is called so, and Linux has 31 characters for that.
  name: name("stock-analysis", 31).check(
    z.describe("The stack's name: units, users, database and paths are named after it"),
  ),
  version: z
    .string("must be three numbers, e.g. 1.0.0")
    .check(
      z.regex(/^\d{1,9}\.\d{1,9}\.\d{1,9}$/, "must be three numbers, e.g. 1.0.0"),
      z.describe("Your version of the stack"),
    ),
  debian: z._default(z.enum(suites).check(z.describe("Debian's release: bookworm is 12, trixie is 13")), "bookworm"),
  architecture: z._default(z.enum(["amd64"]).check(z.describe("Of the node's processor")), "amd64"),
  locale: z._default(
    z
      .string()
      .check(
        z.regex(/^[a-z]{2,3}_[A-Z]{2}\.UTF-8$/, "must be like en_US.UTF-8"),
        z.describe("Language of system and databases"),
      ),
    "en_US.UTF-8",
  ),
  timezone: z._default(
    z
      .string()
      .check(
        z.regex(/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+){0,2}$/, "must be a time zone's name, e.g. Europe/Berlin"),
        z.describe("As in /usr/share/zoneinfo"),
      ),
    "Etc/UTC",
  ),
  packages: z._default(
    z
      .array(z.string().check(z.regex(/^[a-z0-9][a-z0-9+.-]*[a-z0-9+.]$/, "must be a Debian package's name")))
      .check(z.describe("Debian packages beside those that the stack needs")),
    [],
  ),
  journal: z._default(sizeMiB("Limit of the journal on disk", { least: 16, most: 16 * TiB }), 512),
  slim: z.prefault(slim.check(z.describe("What is left out of the template, to be smaller")), {}),
  container: z.prefault(container.check(z.describe("What `pct create` is asked for")), {}),
  sandbox: z._default(
    z
      .enum(["auto", "nesting", "no-nesting", "no-mounts"])
      .check(z.describe("What of its units' sandboxing the container allows; auto: it is tried at each boot")),
    "auto",
  ),
  deploy: z.prefault(deploySchema.check(z.describe("Where `deploy-template` makes the container, and how")), {}),
  agent: z.prefault(
    z
      .strictObject({
        port: z._default(port("The agent's HTTP port, on every address"), 8000),
        drift: z._default(
          cron("When the machine is compared with the definition; off: never", ["off"]),
          "*/15 * * * *",
        ),
      })
      .check(z.describe("The agent: health, status, jobs")),
    {},
  ),
  postgres: z.optional(postgres.check(z.describe("PostgreSQL with the event store; left out, there is none"))),
  redis: z.optional(redis.check(z.describe("Redis Cluster, cache and pub/sub; left out, there is none"))),
  rabbitmq: z.optional(rabbitmq.check(z.describe("RabbitMQ; left out, there is none"))),
  services: z
    .record(name("event-bus", 27), service)
    .check(z.describe("Python services by name: each gets a unit, a user, a venv, an env file, a queue")),
});

export type Definition = z.output<typeof definitionSchema>;
export type PostgresSettings = z.output<typeof postgres>;
export type RedisSettings = z.output<typeof redis>;
export type RabbitmqSettings = z.output<typeof rabbitmq>;
export type ServiceSettings = z.output<typeof service>;
