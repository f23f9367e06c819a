import * as z from "zod/mini";
import { backupSettings } from "../components/backup/settings.ts";
import { clusterSettings } from "../components/cluster/settings.ts";
import { metricsSettings } from "../components/metrics/settings.ts";
import { dependencyNames } from "../components/names.ts";
import { componentSlim } from "../components/slim.ts";
import { suites } from "../debian.ts";
import { deploySchema } from "./deploy.ts";
import { cronField, eachOnce, nameField, portField, TiB } from "./fields.ts";
import { networkSchema } from "./network.ts";
import { sections, serviceSettings, volumes } from "./sections.ts";
import { sizeMiB } from "./size.ts";

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
  volumes: z.prefault(volumes, {}),
});

const service = z.strictObject({
  port: portField("Where the service listens, on every address"),
  ...serviceSettings,
  needs: z.optional(
    z
      .array(z.enum(dependencyNames))
      .check(eachOnce, z.describe("Components it depends on; default: all the stack has")),
  ),
  module: z.optional(
    z
      .string()
      .check(
        z.regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/, "must be a Python module's name"),
        z.describe("Run as python -m MODULE; default: reference_service"),
      ),
  ),
  command: z.optional(
    z
      .array(z.string().check(z.regex(/^[^\s"'\\$%;]+$/, "must be a word without blanks, quotes, \\, $, % and ;")))
      .check(
        z.minLength(1),
        z.describe("A program and its arguments, run in the service's folder in the place of a Python module"),
      ),
  ),
  health: z._default(
    z
      .string()
      .check(
        z.regex(/^\/[\w./~-]*$/, "must be a path, e.g. /health"),
        z.describe("Path on its port that answers 200 while the service is well, and 503 while it is not"),
      ),
    "/health",
  ),
  notify: z._default(z.boolean().check(z.describe("The module tells systemd when it is ready (sd_notify)")), true),
  socket: z._default(
    z
      .boolean()
      .check(
        z.describe(
          "Its port is held by systemd and handed over (sd_listen_fds), so that a restart refuses nobody; false for a service that listens by itself",
        ),
      ),
    true,
  ),
  source: z._default(
    z.string().check(z.describe("`reference`, or a folder beside stack.yaml with the module and requirements.lock")),
    "reference",
  ),
});

const leftOut = (what: string, initially = true) =>
  z._default(z.boolean().check(z.describe(`Leave out of the template: ${what}`)), initially);

/** What need not be in a template. The files each stands for are the builder's to know, or the component's. */
const slim = z.strictObject({
  man: leftOut("manual pages"),
  docs: leftOut("documentation, but for copyright texts"),
  translations: leftOut("programs' messages in other languages than English and the locale's"),
  charsets: leftOut("East Asian and mainframe character sets; kept anyway where the locale is East Asian"),
  sanitizers: leftOut("run-time libraries of gcc -fsanitize="),
  compilerTools: leftOut("lto-dump, gprofng, dwp"),
  staticLibraries: leftOut("libraries for gcc -static"),
  lto: leftOut("the compiler of gcc -flto", false),
  gitServer: leftOut("git daemon, http-backend, http-push, imap-send"),
  ...Object.fromEntries(Object.entries(componentSlim).map(([name, { about }]) => [name, leftOut(about)])),
});

/** As systemd.exec(5) takes a credential's name; without a dot, which each of the stack's own secrets has. */
const secretName = z
  .string()
  .check(
    z.regex(/^[a-z][a-z0-9_-]*$/, "must be lower-case letters, digits, _ and -, e.g. alpaca_key"),
    z.maxLength(64),
  );

const givenSecret = z.strictObject({
  for: z
    .array(z.string())
    .check(
      z.minLength(1, "names no service"),
      eachOnce,
      z.describe("Services that get it, as a credential of its name"),
    ),
  restart: z._default(
    z
      .boolean()
      .check(z.describe("Restart its services for another value; false: they watch its file, which is replaced")),
    true,
  ),
  description: z.optional(z.string().check(z.describe("What it is, for those who are asked for it"))),
});

const commandWord = z.string().check(z.regex(/^[^\p{Cc}]*$/u, "has a control character"));

const job = z.strictObject({
  schedule: cronField("When it runs: five cron fields, in the stack's time zone"),
  command: z.array(commandWord).check(
    z.refine(
      ([program = ""]) => /^(\/[A-Za-z0-9._+@-]+)+$/.test(program),
      "must begin with a program's absolute path, e.g. [/usr/local/bin/report, --all]",
    ),
    z.describe("A program's absolute path and its arguments, a word each; no shell reads them"),
  ),
  user: z
    .string()
    .check(z.describe("Whose it is: root, svc-NAME with all that the service NAME has, or a component's account")),
  timeout: z._default(
    z.int().check(z.gte(1), z.lte(86_400), z.describe("Seconds after which it is ended, and has failed")),
    600,
  ),
});

/** The whole of a stack.yaml. */
export const definitionSchema = z.strictObject({
  // A group is called so, and Linux has 31 characters for that.
  name: nameField("stock-analysis", 31).check(
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
        port: z._default(portField("The agent's HTTP port, on every address"), 8000),
        drift: z._default(
          cronField("When the machine is compared with the definition; off: never", ["off"]),
          "*/15 * * * *",
        ),
      })
      .check(z.describe("The agent: health, status, jobs")),
    {},
  ),
  updates: z.prefault(
    z
      .strictObject({
        schedule: z._default(
          cronField("When Debian's archives are asked what there is; off: never", ["off"]),
          "23 4 * * *",
        ),
        security: z._default(
          z.boolean().check(z.describe("Install security updates by that schedule, by unattended-upgrades")),
          false,
        ),
        restart: z._default(
          z
            .boolean()
            .check(
              z.describe(
                "Restart then what runs files that they replaced, databases too; false: health and doctor tell of it",
              ),
            ),
          true,
        ),
      })
      .check(z.describe("Updates of Debian's packages, in a container of the template")),
    {},
  ),
  ...sections,
  cluster: z.optional(clusterSettings),
  backup: z.optional(backupSettings),
  metrics: z.optional(metricsSettings),
  jobs: z._default(
    z
      .record(nameField("nightly-report", 40), job)
      .check(z.describe("Programs that the agent runs by a schedule, never twice at once")),
    {},
  ),
  secrets: z._default(
    z
      .record(secretName, givenSecret)
      .check(z.describe("Secrets that are given from outside, by `stack-agent secrets set NAME`; no value is in here")),
    {},
  ),
  services: z
    .record(nameField("event-bus", 27), service)
    .check(z.describe("Python services by name: each gets a unit, a user, a venv, an env file")),
});

export type Definition = z.output<typeof definitionSchema>;
export type JobSettings = z.output<typeof job>;
export type ServiceSettings = z.output<typeof service>;
