import * as z from "zod/mini";
import { nameField, portField, TiB } from "../../definition/fields.ts";
import { sizeMiB } from "../../definition/size.ts";

const secret = z.optional(
  z
    .string()
    .check(
      z.describe("Name of a secret of the section secrets that is for alertmanager; it holds the password or token"),
    ),
);

const url = z
  .string()
  .check(
    z.regex(/^https?:\/\/[^\s"'\\{}]+$/, "must be an address, e.g. https://example.com/hook"),
    z.describe("Where to"),
  );

const address = (what: string) =>
  z.string().check(z.regex(/^[^\s@,"'\\]+@[^\s@,"'\\]+$/, "must be an e-mail address"), z.describe(what));

const hostAndPort = (what: string) =>
  z
    .string()
    .check(
      z.regex(/^([\w.-]+|\[[\da-fA-F:]+\]):\d{1,5}$/, "must be a host and a port, e.g. 10.1.1.5:9100"),
      z.describe(what),
    );

const email = z.strictObject({
  to: address("Who gets the mail"),
  from: address("Who it is from"),
  smarthost: hostAndPort("The mail server, which takes it with STARTTLS"),
  user: z.optional(z.string().check(z.describe("Who logs in there; default: who it is from"))),
  secret,
});

const posted = z.strictObject({ url, secret });

const receiver = z
  .strictObject({
    email: z.optional(email.check(z.describe("A mail: {to, from, smarthost: HOST:PORT, user, secret}"))),
    webhook: z.optional(
      posted.check(z.describe("A POST of Alertmanager's JSON: {url, secret}, which is sent as Authorization: Bearer")),
    ),
    ntfy: z.optional(posted.check(z.describe("A topic of ntfy: {url: https://ntfy.sh/TOPIC, secret}"))),
  })
  .check(
    z.refine(
      (ways) => Object.values(ways).filter((way) => way !== undefined).length === 1,
      "must have one of email, webhook, ntfy",
    ),
  );

/** The section `metrics` of a stack.yaml. */
export const metricsSettings = z
  .strictObject({
    port: z._default(portField("Prometheus's port, on loopback"), 9090),
    alertmanagerPort: z._default(portField("Alertmanager's port, on loopback"), 9093),
    days: z._default(z.int().check(z.gte(1), z.lte(3650), z.describe("Days for which figures are kept")), 30),
    disk: z._default(
      sizeMiB("What figures may take on disk; the oldest are given up then", { least: 256, most: 16 * TiB }),
      4096,
    ),
    targets: z._default(
      z
        .record(nameField("nodes", 40), z.array(hostAndPort("A host and its port")).check(z.minLength(1)))
        .check(z.describe("Others that are asked for /metrics, by a name: {nodes: [10.1.1.5:9100]}")),
      {},
    ),
    queueLimit: z._default(
      z
        .int()
        .check(z.gte(1), z.lte(1_000_000_000), z.describe("Messages that wait in a queue from which that is an alert")),
      1000,
    ),
    receivers: z._default(
      z
        .record(nameField("on-call", 40), receiver)
        .check(z.describe("Who is told of alerts, by a name: each of every one")),
      {},
    ),
  })
  .check(z.describe("Prometheus and Alertmanager; left out, there are none"));

export type MetricsSettings = z.output<typeof metricsSettings>;
export type Receiver = MetricsSettings["receivers"][string];
