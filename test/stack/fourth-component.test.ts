/** A component that came last, as the proof of what one takes: memcached. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { loadChecks, loadStages } from "../../components/agent.ts";
import { budget } from "../../stack/budget.ts";
import { suites } from "../../stack/debian.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";
import { healthGroupOf } from "../../stack/health-groups.ts";
import { logSources } from "../../stack/log-sources.ts";
import type { Model } from "../../stack/model.ts";
import { renderFile } from "../../stack/render/render-file.ts";
import { resolve } from "../../stack/resolve.ts";

const project = join(import.meta.dirname, "../..");
const rooms = ["agent", "bin", "builder", "components", "docs", "engine", "installer", "lib"].concat(
  ...["rootfs-overlay", "services", "stack", "units"],
);

t.test(
  "it is a folder of what it is, one of what the agent does for it, a line in each of three lists, an image, and lines in the pages of settings, checks and metrics",
  async (t) => {
    const files = rooms.flatMap((room) =>
      readdirSync(join(project, room), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !entry.parentPath.includes("__pycache__"))
        .map((entry) => join(entry.parentPath, entry.name).slice(project.length + 1)),
    );
    const touched = files.filter(
      (path) => /memcache/i.test(path) || /memcache/i.test(readFileSync(join(project, path), "utf8")),
    );
    const own = /^(stack\/components|components)\/memcached\//;
    t.strictSame([...new Set(touched.filter((path) => own.test(path)).map(dirname))].sort(), [
      "components/memcached/agent",
      "stack/components/memcached",
    ]);
    t.strictSame(touched.filter((path) => !own.test(path)).sort(), [
      "builder/targets/image/server-images.ts",
      "components/agent.ts",
      "docs/health.md",
      "docs/monitoring.md",
      "docs/stack-definition.md",
      "stack/components/index.ts",
      "stack/components/names.ts",
    ]);
  },
);

const models = suites.map((debian) =>
  resolve(
    parseDefinition(
      `name: shop
version: 1.0.0
debian: ${debian}
container: {memory: 2 GiB}
memcached: {port: 11300, memory: 8 GiB}
services:
  web: {port: 8001}
  alone: {port: 8002, needs: []}
`,
      "stack.yaml",
    ),
  ),
);

function rendered(model: Model, path: string): string {
  const entry = model.files.find((file) => file.path === path);
  if (entry === undefined) throw new TypeError(`${path} is not in the table of files`);
  return renderFile(entry, model, {
    templates: (template) => readFileSync(join(project, template), "utf8"),
    budget: budget(model, 2048),
    secret: () => "",
  });
}

for (const model of models) {
  t.test(`all that follows from its declaration is there, Debian ${model.debian.version}`, async (t) => {
    t.ok(model.packages.includes("memcached"));
    t.match(
      model.packagedAccounts.filter(({ name }) => name === "memcache"),
      [{ id: 306 }],
    );
    t.match(
      model.ports.filter(({ owner }) => owner === "memcached"),
      [{ port: 11300, bind: "loopback" }],
    );
    t.match(
      model.units.filter(({ component }) => component === "memcached"),
      [{ unit: "memcached.service", want: "enabled", running: true }],
    );
    t.equal(healthGroupOf("memcached"), "data");
    t.strictSame(logSources(model).find(({ name }) => name === "memcached")?.units, ["memcached.service"]);
    t.match(model.components, [{ name: "memcached", label: "memcached", kind: "datastore" }]);
    t.match(rendered(model, "/etc/appliance.info"), "memcached and 2 services");
    t.match(
      rendered(model, "/usr/share/bash-completion/completions/stack-agent"),
      /provision memcached web alone disk/,
    );
  });

  t.test(
    `its unit runs sandboxed with its share of this machine's memory, Debian ${model.debian.version}`,
    async (t) => {
      const unit = rendered(model, "/etc/systemd/system/memcached.service");
      t.match(unit, "ExecStart=/usr/bin/memcached -l 127.0.0.1 -p 11300 -m $MEMORY_MIB -c 1024\n");
      t.match(unit, /^User=memcache\nGroup=memcache$/m);
      t.match(unit, /^ConditionPathExists=\/etc\/stack-agent\/memcached\.env$/m);
      t.match(unit, /^EnvironmentFile=\/etc\/stack-agent\/memcached\.env$/m);
      t.match(unit, /^ProtectSystem=strict$/m);
      t.match(unit, /^IPAddressDeny=any$/m);
      const { miB, cuts } = budget(model, 2048);
      t.ok((miB.memcached ?? 0) > 256 && (miB.memcached ?? 0) < 1100, `${miB.memcached} MiB`);
      t.match(cuts, [/^memcached memory \d+ MiB of 8 GiB declared/]);
      t.match(rendered(model, "/etc/stack-agent/memcached.env"), `\nMEMORY_MIB=${miB.memcached}\n`);
    },
  );

  t.test(
    `a service that needs it starts after it and is told where it is, Debian ${model.debian.version}`,
    async (t) => {
      t.match(
        rendered(model, "/etc/systemd/system/shop-web.service"),
        /^After=stack-provision.service memcached.service$/m,
      );
      const env = rendered(model, "/etc/shop/web.env");
      t.match(env, /^MEMCACHED_HOST=127\.0\.0\.1\nMEMCACHED_PORT=11300$/m);
      const table = /^SERVICE_DEPENDENCIES='(.*)'$/m.exec(env)?.[1] ?? "";
      t.strictSame(JSON.parse(table), [
        { name: "memcached", kind: "datastore", check: "memcached:roundtrip", addresses: ["127.0.0.1:11300"] },
      ]);
      t.notMatch(rendered(model, "/etc/shop/alone.env"), "MEMCACHED");
    },
  );
}

t.test("the agent has a stage and a check for it, and none where the stack has no memcached", async (t) => {
  const [model] = models;
  if (model === undefined) throw new TypeError("no release");
  const stage = (await loadStages()).find(({ id }) => id === "memcached");
  t.equal(stage?.present(model), true);
  t.match(
    (await loadChecks(model)).map(({ name }) => name),
    ["memcached:roundtrip", "web:health", "alone:health"],
  );
  const other = resolve(parseDefinition("name: shop\nversion: 1.0.0\nservices: {web: {port: 8001}}\n", "stack.yaml"));
  t.equal(stage?.present(other), false);
  t.strictSame(
    (await loadChecks(other)).filter(({ component }) => component === "memcached"),
    [],
  );
});

t.test("what is wrong with its settings is told as of any other's", async (t) => {
  const faults = (text: string): readonly string[] => {
    try {
      parseDefinition(`name: shop\nversion: 1.0.0\n${text}`, "f");
      return [];
    } catch (error) {
      return (error as { detail: readonly string[] }).detail;
    }
  };
  t.match(faults("memcached: {prot: 1}\nservices: {web: {port: 8001}}\n"), [
    /memcached\.prot: unknown key; did you mean "port"/,
  ]);
  t.match(faults("memcached: {}\nservices: {web: {port: 11211}}\n"), [/port 11211 is also memcached's/]);
  t.match(faults("services: {web: {port: 8001, needs: [memcached]}}\n"), [
    /this stack has no memcached; add a section "memcached: \{\}"/,
  ]);
  t.match(faults("memcached: {}\nservices: {memcached: {port: 8001}}\n"), [/is what health calls a part of the stack/]);
  t.match(faults("redis: {ports: [11211, 7001, 7002]}\nmemcached: {}\nservices: {web: {port: 8001}}\n"), [
    /memcached\.port: port 11211 is also Redis node 1's/,
  ]);
  t.match(faults("container: {volumes: {memcached: 1 GiB}}\nmemcached: {}\nservices: {web: {port: 8001}}\n"), [
    /unknown key/,
  ]);
});
