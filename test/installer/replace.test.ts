import { once } from "node:events";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t, { type Test } from "tap";
import { type Remedy, remedyOf } from "../../installer/replace/cut-off.ts";
import { waitFor } from "../../lib/wait.ts";
import { type NodeBy, nodeBy } from "./node-by.ts";

t.setTimeout(600_000);
const root = process.getuid?.() === 0;
const needsRoot = { skip: root ? false : "pct is root's alone: sudo npm test" };
const definition =
  "name: shop\nversion: 1.0.0\npostgres: {}\nredis: {}\nrabbitmq: {}\nservices:\n  hello: { port: 8001 }\n";

const look = {
  ...{ schemaVersion: 1, name: "shop", release: "0", debian: "12", isChanged: false, given: ["alpaca_key"], made: [] },
  ...{ services: [{ name: "hello", release: "1" }], components: ["postgres", "redis", "rabbitmq", "memcached"] },
  ...{ database: "shop_event_store", postgres: 15, migration: 10, vhost: "/shop" },
};
const settings = { schemaVersion: 1, definition: "template", secrets: ["alpaca_key"], services: ["hello"] };
const moved = (what: string, more = 0) => ({ schemaVersion: 1, moved: { [what]: 7 + more } });

interface Answers {
  readonly look?: object;
  /** Words of a command that fails, and that of a container. */
  readonly fails?: readonly [vmid: number, words: string] | undefined;
  /** At a command like that the program is killed, and the command is carried out. */
  readonly killedAt?: string | undefined;
  /** What arrives beyond what was sent. */
  readonly surplus?: number | undefined;
}

/** Container 120 runs on a node on paper; `pct` and the agents tell what they were given. */
async function replacing(t: Test, { fails, surplus, killedAt, ...answers }: Answers = {}) {
  const by = await nodeBy(t, "local");
  const template = await by.template(definition);
  by.node.state.guests.set(120, {
    ...{ vmid: 120, type: "lxc", node: "pve1", lock: undefined, status: "running" },
    config: {
      ...{ hostname: "shop-1", tags: "proxmox-stack;shop", onboot: 1, mp3: "/srv,mp=/srv", nameserver: "10.1.1.1" },
      net0: "name=eth0,bridge=vmbr0,gw=10.1.1.1,hwaddr=BC:24:11:AA:BB:CC,ip=10.1.1.120/24,type=veth",
    },
  });
  const told = join(by.folder, "told");
  await writeFile(told, "");
  const program = await pct(by, told, { fails, surplus, killedAt, look: answers.look ?? look });
  const words = ["replace", template, "--from", "120", "--vmid", "121", "--timeout", "20"];
  const replace = (...more: readonly string[]) => by.cli([...words, ...more]);
  const begin = () => by.begin(words);
  return {
    ...program,
    pidFile: `${told}.pid`,
    by,
    replace,
    begin,
    told: async () => (await readFile(told, "utf8")).trim().split("\n"),
  };
}

async function pct(by: NodeBy, told: string, { fails, surplus, killedAt, look }: Answers) {
  const path = join(by.folder, "door", "bin", "pct");
  const say = (document: object): string => `echo '${JSON.stringify(document)}'`;
  const stores = ["postgres", "redis", "rabbitmq"];
  await writeFile(
    path,
    `#!/bin/sh
[ "$1" = status ] && { echo "status: running"; exit; }
vmid=$2
shift 4
echo "$vmid $*" >>'${told}'
[ "$vmid $*" != "${killedAt ?? ""}" ] || { [ ! -e '${told}.pid' ] || kill -9 "$(cat '${told}.pid')"; rm -f '${told}.pid'; }
[ "$vmid $*" != "${fails?.join(" ") ?? ""}" ] || { echo "error: it is broken [broken]" >&2; exit 1; }
case $* in
"handover look") ${say(look ?? {})} ;;
"handover send settings") echo '{}' ;;
"handover receive settings"*) cat >/dev/null; ${say(settings)} ;;
${stores.map((name) => `"handover send ${name}") echo data; ${say(moved(name))} >&2 ;;`).join("\n")}
${stores.map((name) => `"handover receive ${name}") cat >/dev/null; ${say(moved(name, surplus))} ;;`).join("\n")}
esac
`,
  );
  await chmod(path, 0o755);
  return { pct: path };
}

const changes = (by: NodeBy): string[] => by.node.state.carriedOut.filter((what) => !/^(GET|pvesm)/.test(what));
/** Both ends of a pipe are started at once: each pair by its name. */
const sorted = (lines: readonly string[]): readonly string[] => {
  const pairs = new Map<string, string[]>();
  for (const line of lines) {
    const what = /(?:send|receive) (\w+)/.exec(line)?.[1] ?? `${pairs.size} ${line}`;
    pairs.set(what, [...(pairs.get(what) ?? []), line].sort());
  }
  return [...pairs.values()].flat();
};
const of = (by: NodeBy, vmid: number) => by.node.state.guests.get(vmid);

t.test(
  "the new one is made and proven while the old one serves; then data goes over, and the address",
  needsRoot,
  async (t) => {
    const { by, replace, told } = await replacing(t);
    const { stdout, stderr, code } = await replace("--json");
    t.equal(code, 0, stderr);
    t.match(JSON.parse(stdout), {
      ...{ vmid: 121, from: 120, planned: false, definition: "template", secrets: ["alpaca_key"], services: ["hello"] },
      moved: { postgres: { postgres: 7 }, rabbitmq: { rabbitmq: 7 }, redis: { redis: 7 } },
      left: ["memcached", "mp3 /srv,mp=/srv"],
    });
    t.same(sorted((await told()).map((line) => line.replace(/ (status).*/, " $1"))), [
      "120 handover look",
      "121 status",
      ...["120 handover send settings", "121 handover receive settings", "121 status"],
      ...["120 handover begin --lease 300", "121 handover begin"],
      ...["120 handover send postgres", "121 handover receive postgres"],
      ...["120 handover send rabbitmq", "121 handover receive rabbitmq"],
      ...["120 handover send redis", "121 handover receive redis"],
      ...["120 handover renew --lease 300", "121 -c rm -f /var/lib/dhcp/*.leases", "121 status"],
    ]);
    t.same([of(by, 120)?.status, of(by, 121)?.status], ["stopped", "running"]);
    t.match(of(by, 120)?.config, { onboot: "0" });
    t.match(of(by, 121)?.config, { hostname: "shop-1", onboot: "1", nameserver: "10.1.1.1" });
    t.equal(of(by, 121)?.config.net0, of(by, 120)?.config.net0);
  },
);

t.test("a plan changes nothing", needsRoot, async (t) => {
  const { by, replace, told } = await replacing(t);
  const { stdout, code, stderr } = await replace("--plan");
  t.equal(code, 0, stderr);
  t.match(
    stdout,
    /container 121 on pve1 would be made of .*\nsecrets: alpaca_key\nreleases of services: hello\nstays behind: memcached, mp3/,
  );
  t.same(changes(by), []);
  t.same(await told(), ["120 handover look"]);
});

for (const [what, answers, code] of [
  ["another stack", { look: { ...look, name: "other" } }, "other-stack"],
  ["another database", { look: { ...look, database: "elsewhere" } }, "data-moves"],
  ["a newer PostgreSQL", { look: { ...look, postgres: 99 } }, "older-template"],
  ["a newer migration", { look: { ...look, migration: 99 } }, "older-template"],
  ["an agent that can't", { fails: [120, "handover look"] }, "old-agent"],
] as const) {
  t.test(`${what} is refused before anything is made`, needsRoot, async (t) => {
    const { by, replace } = await replacing(t, answers);
    const refused = await replace();
    t.match(refused, { code: 1, stderr: new RegExp(`\\[${code}\\]`) });
    t.same(changes(by), []);
  });
}

for (const [when, answers, code, serves] of [
  ["settings that can't be taken", { fails: [121, "handover receive settings"] }, "broken", "serves as before"],
  ["services that can't be stopped", { fails: [120, "handover begin --lease 300"] }, "broken", "serves again"],
  ["data that can't be sent", { fails: [120, "handover send redis"] }, "broken", "serves again"],
  ["data that can't be taken", { fails: [121, "handover receive rabbitmq"] }, "broken", "serves again"],
  ["data that did not arrive", { surplus: -1 }, "not-all-moved", "serves again"],
  ["a lease that was up", { fails: [120, "handover renew --lease 300"] }, "broken", "serves again"],
] as const) {
  t.test(`${when}: the old one serves, the new one is gone`, needsRoot, async (t) => {
    const { by, replace, told } = await replacing(t, answers);
    const { stderr, ...failed } = await replace();
    t.equal(failed.code, 1);
    t.match(stderr, new RegExp(`\\[${code}\\]`));
    t.match(stderr, `container 120 ${serves}; container 121 is gone`);
    t.same([of(by, 120)?.status, of(by, 120)?.config.onboot, of(by, 121)], ["running", 1, undefined]);
    t.equal((await told()).includes("120 handover end"), serves === "serves again");
  });
}

t.test(
  "what fails after both were shut down: the old one is started again; --keep keeps the new one",
  needsRoot,
  async (t) => {
    const { by, replace } = await replacing(t);
    by.faults.before = {
      request: /^PUT .*\/121\/config/,
      act: () => {
        throw new Error("the node's disk is full");
      },
    };
    const { stderr, code } = await replace("--keep");
    t.equal(code, 1);
    t.match(stderr, /container 120 serves again; container 121 is kept/);
    t.same([of(by, 120)?.status, of(by, 121)?.status], ["running", "stopped"]);
    t.equal(of(by, 120)?.config.onboot, "1");
  },
);

/** Where the program is killed: at a command in a container, or at a request of the node, the last of several. */
const boundaries: readonly (readonly [what: string, at: string | readonly RegExp[], anew: boolean])[] = [
  ["the new one is created", [/^POST .*\/lxc$/], true],
  ["data goes over", "121 handover receive rabbitmq", true],
  ["both are shut down", [/^POST .*\/120\/status\/shutdown/], true],
  ["the new one is given the address", [/^PUT .*\/121\/config/], false],
  ["the old one's start with its node is switched off", [/^PUT .*\/120\/config/], false],
  ["the new one is started", [/^PUT .*\/120\/config/, /^POST .*\/121\/status\/start/], false],
];
for (const [what, at, anew] of boundaries) {
  t.test(`the workstation is lost as ${what}: the same command carries on`, needsRoot, async (t) => {
    const { by, begin, replace, told, pidFile } = await replacing(t, typeof at === "string" ? { killedAt: at } : {});
    const child = begin();
    await writeFile(pidFile, `${child.pid}`);
    const killAt = ([request, ...later]: readonly RegExp[]): void => {
      if (request === undefined) return void child.kill("SIGKILL");
      by.faults.before = { request, act: () => killAt(later) };
    };
    if (typeof at !== "string") killAt(at);
    const [, signal] = await once(child, "exit");
    t.equal(signal, "SIGKILL");
    const busy = async (): Promise<boolean> => by.node.tasks.list().every(({ exitstatus }) => exitstatus !== undefined);
    await waitFor(busy, { what: "the node's tasks to end", timeout: 20_000, interval: 20 });
    const isRunning = (vmid: number): boolean => of(by, vmid)?.status === "running";
    t.notOk(isRunning(120) && of(by, 121)?.config.net0 === of(by, 120)?.config.net0 && isRunning(121), "never both");
    await writeFile(`${pidFile.slice(0, -".pid".length)}`, "");
    const { stderr, code } = await replace();
    t.equal(code, 0, stderr);
    t.equal((await told()).includes("121 handover receive redis"), anew, "data goes over where it was not there");
    t.same([of(by, 120)?.status, of(by, 121)?.status], ["stopped", "running"]);
    t.match([of(by, 120)?.config.onboot, of(by, 121)?.config.onboot], ["0", "1"]);
    t.equal(of(by, 121)?.config.net0, of(by, 120)?.config.net0);
    t.notMatch(of(by, 121)?.config.tags, /120/);
  });
}

t.test("which of two has all there is", (t) => {
  const facts = { isOldRunning: false, isNewRunning: false, hasAll: true, wasOldStarted: false, hasServed: false };
  const table: readonly (readonly [object, Remedy | "both-served"])[] = [
    [{ hasAll: false, isOldRunning: true }, "begin-anew"],
    [{ hasAll: false }, "start-old"],
    [{ hasAll: true }, "switch"],
    [{ hasAll: true, isOldRunning: true, wasOldStarted: true }, "begin-anew"],
    [{ hasAll: true, wasOldStarted: true }, "start-old"],
    [{ hasServed: true, isNewRunning: true }, "finish"],
    [{ hasServed: true }, "finish"],
    [{ hasServed: true, isOldRunning: true, wasOldStarted: true }, "both-served"],
    [{ hasServed: true, wasOldStarted: true }, "both-served"],
  ];
  for (const [given, remedy] of table) {
    const found = () => remedyOf({ ...facts, ...given }, 120, 121);
    if (remedy === "both-served") t.throws(found, { code: "both-served" });
    else t.equal(found(), remedy, JSON.stringify(given));
  }
  t.end();
});

t.test("what is left under another vmid is named", needsRoot, async (t) => {
  const { by, replace } = await replacing(t);
  const config = { hostname: "shop-1", tags: "proxmox-stack;shop;replaces-120" };
  by.node.state.guests.set(130, {
    ...{ vmid: 130, type: "lxc", node: "pve1", lock: undefined, status: "stopped", config },
  });
  t.match(await replace(), { code: 1, stderr: /\[cut-off\][\s\S]*--vmid 130/ });
  t.match(await replace("--vmid", "130", "--plan"), { code: 1, stderr: /\[cut-off\][\s\S]*made anew/ });
  t.same(changes(by), []);
});

t.test("a way without commands is refused with 64", needsRoot, async (t) => {
  const api = await nodeBy(t, "api");
  const refused = await api.cli(["replace", "x.tar.gz", "--from", "120", "--vmid", "121"]);
  t.match(refused, { code: 64, stderr: /\[no-command-by-api\]/ });
});
