/**
 * deploy-template replace, over SSH against a stand-in whose containers are real ones: under write load, stopped half-way,
 * refused by the node at its worst moment. STACK_TEMPLATE_NEXT names the template of the new container, of another Debian
 * say; default: the same one.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import { initPid } from "../../lib/lxc/container.ts";
import { execIn } from "../../lib/lxc/exec-in.ts";
import { idMap } from "../../lib/lxc/id-map.ts";
import { inNetwork } from "../../lib/lxc/network.ts";
import { rootFolder } from "../../lib/lxc/root-folder.ts";
import { type RunOptions, type RunResult, run } from "../../lib/run.ts";
import { waitFor } from "../../lib/wait.ts";
import { deploymentDocument } from "../../stack/documents/deployment.ts";
import { replacementDocument } from "../../stack/documents/handover.ts";
import { type Client, openClient } from "./client.ts";
import { type Machine, setUpNetwork } from "./create-machine.ts";
import { amqpLogin, redisLogin, secret } from "./logins.ts";
import { canRunContainers, needs } from "./needs.ts";
import { realNode } from "./real-node.ts";
import { required, serviceQueue } from "./required.ts";
import { smallService } from "./small-service.ts";
import { templateToTest } from "./template.ts";
import { lostOf, writeWhile } from "./write-while.ts";

t.setTimeout(20 * 60_000);

const template = (await templateToTest()) ?? "";
const next = process.env.STACK_TEMPLATE_NEXT ?? template;

if ((await canRunContainers(t)) && needs(t, template === "" ? "no template: set STACK_TEMPLATE" : "")) {
  const { network, cleanup } = await setUpNetwork(t, { router: true });
  const folder = mkdtempSync("/var/tmp/stack-node-");
  cleanup.add(async () => rmSync(folder, { recursive: true, force: true }));
  const node = await realNode({ network, cleanup, folder });
  const { to, ssh } = node.served;
  mkdirSync(join(folder, "home/.ssh"), { recursive: true });
  writeFileSync(join(folder, "home/.ssh/known_hosts"), `${to} ${ssh.hostKey}`);
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const peer = openClient(network.namespace);
  cleanup.add(() => peer.close());
  const environment = { PATH, NODE_COMPILE_CACHE, HOME: join(folder, "home") };
  const wordsOf = (args: readonly string[]) => [...args, "--to", `root@${to}`, "--identity", ssh.identity];
  const deployTemplate = (args: readonly string[]): Promise<RunResult> =>
    inNetwork(network, run)("bin/deploy-template", wordsOf(args), {
      ...{ accept: [0, 1, 2, 64], timeout: 900_000, signal: cleanup.signal, env: environment },
    });
  const replacement = (...words: readonly string[]) => ["replace", next, "--from", "120", "--vmid", "121", ...words];
  const replace = (...words: readonly string[]) => deployTemplate(replacement(...words));
  const old = (): Promise<Machine> => guest(120);
  let address = "";
  const serves = async (t: Test): Promise<void> => {
    for (const { port } of Object.values(required.services)) {
      t.equal((await peer.http({ url: `http://${address}:${port}/health` })).status, 200, `port ${port}`);
    }
  };

  t.test("a container of the template is there, with a release of a service that was deployed", async (t) => {
    const { stdout, stderr, code } = await deployTemplate([template, "--vmid", "120", "--json"]);
    t.ok(code === 0 || code === 2, stderr);
    address = deploymentDocument.parse(JSON.parse(stdout)).address;
    const machine = await old();
    const at = join(machine.settings.rootfs, "root/small");
    await mkdir(at);
    writeFileSync(join(at, "reference_service.py"), smallService("deployed"));
    writeFileSync(join(at, "requirements.lock"), "# Nothing but Python's own.\n");
    await run("chown", ["--recursive", `${idMap.base}:${idMap.base}`, at]);
    await machine.sh("stack-agent service deploy event-bus /root/small", { timeout: 120_000 });
    await node.requests();
  });

  t.test(
    "what it would do is told; a way without commands, a vmid that is taken, are refused; nothing is changed",
    async (t) => {
      const planned = await replace("--plan", "--json");
      t.equal(planned.code, 0, planned.stderr);
      const document = replacementDocument.parse(JSON.parse(planned.stdout));
      t.match(document, { planned: true, vmid: 121, from: 120, services: ["event-bus"], left: [] });
      const taken = await deployTemplate(["replace", next, "--from", "120", "--vmid", "120"]);
      t.match(taken, { code: 1, stderr: /\[same-vmid\]/ });
      t.same(
        (await node.requests()).filter((what) => !/^(GET|pvesm) /.test(what)),
        [],
      );
      await serves(t);
    },
  );

  t.test(
    "stopped half-way, the old one serves again, by itself too, and nothing that was acknowledged is lost",
    async (t) => {
      const { written, result } = await writeWhile(await old(), "monitoring.probe", async () => {
        const words = [`--net=${network.namespace}`, "bin/deploy-template", ...wordsOf(replacement())];
        const child = spawn("nsenter", words, { stdio: ["ignore", "ignore", "pipe"], env: environment });
        const said = text(child.stderr);
        const closed = once(child, "close");
        const state = async () => (await old()).sh(`systemctl is-active ${required.postgres.unit} || true`);
        const isOut = async () => child.exitCode !== null || (await state()) !== "active";
        await waitFor(isOut, { what: "PostgreSQL to be out of service", timeout: 400_000, interval: 100 });
        child.kill("SIGINT");
        return { code: (await closed)[0], stderr: await said };
      });
      t.match(result, { code: 130, stderr: /container 120 serves again; container 121 is gone/ });
      await healthy(await old());
      await serves(t);
      t.equal(await node.container(121), null);
      t.strictSame(await lostOf(await old(), written, serviceQueue("monitoring")), []);
      // Nobody says a word any more: the lease.
      const machine = await old();
      await machine.sh("stack-agent handover begin --lease 3 && stack-agent handover send redis >/dev/null");
      await waitFor(async () => (await machine.sh("systemctl is-active stack-handover.timer || true")) === "inactive", {
        ...{ what: "the end of the lease", timeout: 60_000, interval: 200 },
      });
      await healthy(machine);
      const late = await machine.exec("stack-agent", ["handover", "renew"], { accept: [0, 1] });
      t.match(late, { code: 1, stderr: /\[lease-expired\]/ });
      await serves(t);
    },
  );

  t.test("the node refuses when both are shut down: the old one starts again", async (t) => {
    await node.refuse("^PUT /nodes/pve1/lxc/121/config");
    const { code, stderr } = await replace();
    t.equal(code, 1);
    t.match(stderr, /container 120 serves again; container 121 is gone/);
    t.match(stderr, /\[refused-by-node\]/);
    t.equal(await node.container(121), null);
    await serves(t);
  });

  t.test("under write load: nothing that was acknowledged is lost, and the new one has the address", async (t) => {
    const before = await old();
    const token = await secret(before, "health.token");
    const keys = await setKeys(before, 2_000);
    await publishOthers(before);
    await node.requests();
    let redis: readonly string[] = [];
    const { written, result } = await writeWhile(before, "monitoring.probe", async () => {
      const stop = new AbortController();
      const setting = setWhile(before, stop.signal);
      await sleep(2_000);
      const result = await replace("--json");
      stop.abort();
      redis = await setting;
      return result;
    });
    t.equal(result.code, 0, result.stderr);
    const document = replacementDocument.parse(JSON.parse(result.stdout));
    t.comment(JSON.stringify(document));
    t.comment(
      `${written.events.length} events, ${written.messages.length} messages, ${redis.length} keys, ${written.refused} refused`,
    );
    t.ok(written.events.length > 50 && written.messages.length > 50 && redis.length > 50, "there was a load");
    t.match(document, { planned: false, vmid: 121, from: 120, services: ["event-bus"] });
    const machine = await guest(121);
    await serves(t);
    t.match(
      (await peer.http({ url: `http://${address}:${required.services["event-bus"].port}/health` })).body,
      "deployed",
    );
    t.equal(await secret(machine, "health.token"), token, "who shows the token goes on with it");
    t.strictSame(await lostKeys(machine, [...keys, ...redis]), []);
    await keepsItsKey(t, machine);
    t.strictSame(await lostOf(machine, written, serviceQueue("monitoring")), []);
    const requests = (await node.requests()).filter(
      (what) => /\/12[01]\/(config|status)/.test(what) && !what.startsWith("GET"),
    );
    t.ok(requests.includes("PUT /nodes/pve1/lxc/120/config"), "the old one does not start with its node any more");
    t.match(await machine.sh("stack-agent provision --plan"), /^Nothing to do\.$/m);
    t.not(await node.container(120), null, "the old one is kept");
  });

  /** A container of the node's, as tests know one. */
  async function guest(vmid: number): Promise<Machine> {
    const found = await node.container(vmid);
    if (found === null) throw new Error(`there is no container ${vmid}`);
    const rootfs = join(found.lxcPath, found.name, rootFolder(undefined));
    const container = { ...found, rootfs, logFile: "", network };
    const pid = await initPid(container, run);
    const known = clients.get(pid ?? 0) ?? openClient(`/proc/${pid}/ns/net`);
    if (!clients.has(pid ?? 0)) cleanup.add(() => known.close());
    clients.set(pid ?? 0, known);
    const exec: Machine["exec"] = (command, args = [], more = {}) =>
      execIn({ container, command, args, run, signal: cleanup.signal, ...more });
    return {
      ...{ container, network, peer, exec, settings: { rootfs } },
      inside: () => known,
      sh: async (script: string, more: RunOptions = {}) => (await exec("sh", ["-c", script], more)).stdout.trim(),
    } as unknown as Machine;
  }
}

const clients = new Map<number, Client>();
const { ports } = required.redis;

async function healthy(machine: Machine): Promise<void> {
  await machine.exec("stack-agent", ["status", "--wait", "--timeout", "90"], { accept: [0, 2], timeout: 120_000 });
}

async function setKey(machine: Machine, key: string): Promise<void> {
  await machine
    .inside()
    .redisCluster({ ...(await redisLogin(machine)), ports, command: ["SET", key, `value of ${key}`, "EX", "86400"] });
}

async function setKeys(machine: Machine, count: number): Promise<readonly string[]> {
  const keys = Array.from({ length: count }, (_, index) => `before:${index}`);
  for (const key of keys) await setKey(machine, key);
  return keys;
}

/** Keys whose setting was acknowledged. */
async function setWhile(machine: Machine, signal: AbortSignal): Promise<readonly string[]> {
  const kept: string[] = [];
  for (let index = 0; !signal.aborted; index++) {
    const key = `during:${index}`;
    await setKey(machine, key).then(
      () => kept.push(key),
      () => sleep(50),
    );
  }
  return kept;
}

async function lostKeys(machine: Machine, keys: readonly string[]): Promise<readonly string[]> {
  const lost: string[] = [];
  const login = await redisLogin(machine);
  for (const key of keys) {
    const value = await machine.inside().redisCluster({ ...login, ports, command: ["GET", key] });
    const left = await machine.inside().redisCluster({ ...login, ports, command: ["TTL", key] });
    if (value !== `value of ${key}` || Number(left) < 1) lost.push(key);
  }
  return lost;
}

/** For one service's queue alone, by keys of their own. */
async function publishOthers(machine: Machine): Promise<void> {
  const { exchange } = required.rabbitmq;
  for (let index = 0; index < 500; index++) {
    await machine
      .inside()
      .amqpPublish({ ...(await amqpLogin(machine)), exchange, routingKey: `broker.${index}`, body: `${index}` });
  }
}

/** In their order, by the exchange and the keys that they were published with. */
async function keepsItsKey(t: Test, machine: Machine): Promise<void> {
  const login = await amqpLogin(machine);
  const got = await machine.inside().amqpConsume({
    ...{ ...login, queue: serviceQueue("broker-gateway"), count: 500, settle: "ack", timeout: 60_000 },
  });
  t.strictSame(
    got.map(({ body }) => body),
    Array.from({ length: 500 }, (_, index) => `${index}`),
  );
  t.match(got[7], { exchange: required.rabbitmq.exchange, routingKey: "broker.7" });
}
