import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import t, { type Test } from "tap";
import { refuseTaken } from "../../../builder/build/refuse-taken.ts";
import type { BuildContext } from "../../../builder/context.ts";
import { knownBase } from "../../../builder/known/known-base.ts";
import { knownFaults } from "../../../builder/known/known-faults.ts";
import { ownFiles } from "../../../builder/trees/own-files.ts";
import { readTemplateTrees } from "../../../builder/trees/template-trees.ts";
import { isStackError, type StackError } from "../../../lib/error.ts";
import { suites } from "../../../stack/debian.ts";
import { readDefinition } from "../../../stack/definition/parse.ts";
import { resolve } from "../../../stack/resolve.ts";
import { faultsOf } from "../../stack/faults-of.ts";

const project = join(import.meta.dirname, "../../..");

const stack = (name: string, more = "", service = "api"): string =>
  `name: ${name}\nversion: 1.0.0\n${more}services:\n  ${service}: { port: 8001 }\n`;

t.test("a name of Debian's is refused before there is a base, on both Debians", async (t) => {
  for (const debian of suites) {
    const faults = (text: string) => faultsOf(text, [`debian=${debian}`], knownFaults);
    for (const name of ["network", "multi-user", "basic", "graphical", "sysinit", "timers", "network-online"]) {
      t.match(faults(stack(name)), [new RegExp(`^stack\\.yaml:1:7: name: would be unit ${name}\\.target`)], name);
    }
    for (const name of ["ssh", "apt", "dpkg", "perl", "ssl", "opt"]) {
      t.match(
        faults(stack(name)),
        [new RegExp(`name: would be .*/etc/${name}\\b.*, which (Debian|every stack) has already`)],
        name,
      );
    }
    t.match(faults(stack("default")), [/name: would be .*\/etc\/default/]);
    for (const name of ["mail", "staff", "users", "adm", "postgres", "redis"]) {
      t.match(faults(stack(name)), [new RegExp(`name: would be .*group ${name}\\b`)], name);
    }
    for (const [name, service] of [
      ["systemd", "logind"],
      ["apt", "daily"],
      ["redis", "server"],
    ] as const) {
      const unit = `services\\.${service}: would be unit ${name}-${service}\\.service`;
      t.ok(
        faults(stack(name, "", service)).some((line) => new RegExp(`^stack\\.yaml:4:3: ${unit}`).test(line)),
        unit,
      );
    }
    t.same(faults(stack("orders", "postgres: {}\nredis: {}\nrabbitmq: {}\n")), []);
  }
  t.match(faultsOf(stack("orders"), ["name=network"], knownFaults), [/^--set name: would be unit network\.target/]);
});

t.test("a time zone and a locale are those that the release has", async (t) => {
  const faults = (more: string) => faultsOf(stack("orders", `${more}\n`), [], knownFaults);
  t.match(faults("timezone: Europe/Nowhere"), [
    /^stack\.yaml:3:11: timezone: Debian 12 has no time zone Europe\/Nowhere$/,
  ]);
  t.match(faults("timezone: europe/berlin"), [/has no time zone europe\/berlin; did you mean Europe\/Berlin\?/]);
  t.match(faults("locale: xx_XX.UTF-8"), [/^stack\.yaml:3:9: locale: Debian 12 has no locale xx_XX\.UTF-8/]);
  t.match(faults("locale: en_UK.UTF-8"), [/did you mean en_/]);
  const fine = [
    "timezone: EST5EDT",
    "timezone: Etc/GMT+5",
    "timezone: America/Argentina/Buenos_Aires",
    "locale: de_AT.UTF-8",
  ];
  for (const more of fine) t.same(faults(more), [], more);
  t.match(faults("debian: trixie\ntimezone: US/Eastern"), [/in the package tzdata-legacy/]);
  t.same(faults("debian: trixie\ntimezone: US/Eastern\npackages: [tzdata-legacy]"), []);
});

t.test("of Debian's zones those are known that this machine's clock reckons with", async (t) => {
  for (const debian of suites) {
    const unknown = Intl.supportedValuesOf("timeZone").filter((zone) => !knownBase("bookworm").zones.has(zone));
    t.ok(unknown.length < 10, unknown.join());
    t.ok(knownBase(debian).zones.size > 400);
    t.ok(knownBase(debian).languages.size > 200);
  }
});

/** A base with some packages more than what is known beforehand. */
const base = {
  index: {
    facts: {
      packages: [],
      units: [],
      users: { root: 0, caddy: 990, "svc-api": 991, report: 992 },
      groups: { root: 0, caddy: 990, orders: 991, "svc-api": 991, report: 992 },
    },
  },
  members: [
    ...["./usr", "./usr/bin", "./etc", "./etc/caddy", "./usr/lib/systemd/system"].map((name) => ({ name, type: "5" })),
    ...[
      "./usr/bin/caddy",
      "./etc/caddy/Caddyfile",
      "./usr/lib/systemd/system/caddy.service",
      "./etc/init.d/caddy-api",
    ].map((name) => ({ name, type: "0" })),
    { name: "./usr/lib/systemd/system/www.target", type: "2" },
  ],
} as unknown as Parameters<typeof refuseTaken>[1];

async function refusal(
  t: Test,
  text: string,
  files: Readonly<Record<string, string>> = {},
): Promise<StackError | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "known-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const model = resolve(readDefinition(text, "stack.yaml").definition);
  try {
    const own = await ownFiles(await readTemplateTrees({ project, folder }), model, folder);
    refuseTaken({ definition: { file: "stack.yaml", text, folder }, model, own } as unknown as BuildContext, base);
    return undefined;
  } catch (error) {
    if (isStackError(error)) return error;
    throw error;
  }
}

t.test("what a stack's own packages bring is looked up in the base", async (t) => {
  t.match(await refusal(t, stack("caddy")), {
    code: "definition-invalid",
    exit: 64,
    detail: [
      /^stack\.yaml:1:7: name: would be user caddy, \/etc\/caddy, which Debian has already/,
      /^stack\.yaml:4:3: services\.api: would be unit caddy-api\.service/,
    ],
  });
  t.match(await refusal(t, stack("www")), { detail: [/name: would be unit www\.target/] });
  t.match(await refusal(t, stack("caddy-api", "", "x")), undefined);
  t.equal(await refusal(t, stack("orders")), undefined, "what the stack itself adds to a base is none of Debian's");
});

t.test("a user's own files, units and accounts take the place of nothing of Debian's", async (t) => {
  const faults = async (files: Readonly<Record<string, string>>) => (await refusal(t, stack("orders"), files))?.detail;
  t.match(await faults({ "units/cron.service": "", "units/dbus.service": "[Service]\n", "units/dbus.socket": "" }), [
    /^\/etc\/systemd\/system\/dbus\.service: Debian has dbus\.service/,
    /^\/etc\/systemd\/system\/dbus\.socket: Debian has dbus\.socket already; .*units\/dbus\.socket\.d\/NAME\.conf/,
  ]);
  t.match(await faults({ "units/my.service": "[Install]\nAlias=systemd-logind.service\n" }), [
    /^\/etc\/systemd\/system\/systemd-logind\.service: Debian has/,
  ]);
  t.match(await faults({ "rootfs-overlay/etc/systemd/system/getty.target": "" }), [/Debian has getty\.target already/]);
  t.match(await faults({ "units/caddy.service": "" }), [/Debian has caddy\.service already/]);
  const accounts = "u www-data -\ng adm -\nu svc-api - -\ng orders\nu report - -\nm report adm\n";
  t.match(await faults({ "rootfs-overlay/usr/lib/sysusers.d/mine.conf": accounts }), [
    /^\/usr\/lib\/sysusers\.d\/mine\.conf: Debian has the user www-data already/,
    /Debian has the group adm/,
    /the stack has the user svc-api/,
    /the stack has the group orders/,
  ]);
  t.match(await faults({ "rootfs-overlay/usr/bin/caddy": "" }), [/^\/usr\/bin\/caddy: Debian has it already/]);
  t.match(await faults({ "rootfs-overlay/etc/caddy": "" }), [/^\/etc\/caddy: is a folder of Debian's/]);
  t.match(await faults({ "rootfs-overlay/usr/bin/caddy/x": "" }), [/lies below \/usr\/bin\/caddy, which is no folder/]);
  const fine = {
    "rootfs-overlay/etc/caddy/Caddyfile": "mine",
    "rootfs-overlay/usr/local/bin/report": "",
    "units/caddy.service.d/quiet.conf": "[Service]\nNice=5\n",
    "units/report.service": "[Service]\nExecStart=/bin/true\n",
  };
  t.equal(await refusal(t, stack("orders"), fine), undefined, "configuration of Debian's, drop-ins, names of its own");
});
