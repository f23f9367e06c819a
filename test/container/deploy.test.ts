/**
 * deploy-template over each of its ways, from the file to a healthy container: against a stand-in
 * whose containers are real ones on liblxc. The program runs beside them, in their network; the
 * stand-in is reached over its REST API, over a real sshd, and as the node itself, where the
 * program is the one file that needs no npm.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import t from "tap";
import { buildDeployer } from "../../builder/deployer/build-deployer.ts";
import type { Way } from "../../installer/transports/transport.ts";
import { idMap } from "../../lib/lxc/id-map.ts";
import { inNetwork } from "../../lib/lxc/network.ts";
import { type RunOptions, run } from "../../lib/run.ts";
import { deploymentDocument, deploymentsDocument } from "../../stack/documents/deployment.ts";
import type { Served } from "../node/serve.ts";
import { openClient } from "./client.ts";
import { setUpNetwork } from "./create-machine.ts";
import { debian } from "./debian.ts";
import { canRunContainers, needs, workFolder } from "./needs.ts";
import { realNode } from "./real-node.ts";
import { templateToTest } from "./template.ts";

t.setTimeout(20 * 60_000);

const template = (await templateToTest()) ?? "";
const project = join(import.meta.dirname, "../..");

if ((await canRunContainers(t)) && needs(t, template === "" ? "no template: set STACK_TEMPLATE" : "")) {
  const { network, cleanup } = await setUpNetwork(t, { router: true });
  const folder = mkdtempSync("/var/tmp/stack-node-");
  cleanup.add(async () => rmSync(folder, { recursive: true, force: true }));
  const node = await realNode({ network, cleanup, folder });
  const peer = openClient(network.namespace);
  cleanup.add(() => peer.close());
  const ways = await typedAs(node.served);
  const volumes = "container.volumes={postgres: 20 GiB, redis: 8 GiB, rabbitmq: 8 GiB}";
  const writes = async (): Promise<string[]> => (await node.requests()).filter((what) => !what.startsWith("GET "));
  const made = () => readdirSync(workFolder).filter((name) => name.startsWith(`stackct-${node.pid}-`));

  for (const [way, { program, flags, env, upload }] of Object.entries(ways)) {
    const deployTemplate = (args: readonly string[], more: RunOptions = {}) =>
      inNetwork(network, run)(program, [...args, ...flags], {
        accept: [0, 1, 2, 64, 130],
        timeout: 600_000,
        signal: cleanup.signal,
        ...more,
        env: { ...env, ...more.env },
      });
    /** The container, once it was made. */
    let address = "";

    t.test(`${way}: one command makes a healthy container of the file, exactly as its definition says`, async (t) => {
      const { stdout, stderr, code } = await deployTemplate([template, "--vmid", "120", "--set", volumes, "--json"]);
      t.ok(code === 0 || code === 2, stderr);
      const document = deploymentDocument.parse(JSON.parse(stdout));
      t.match(document, { node: "pve1", vmid: 120, hostname: "stock-analysis", changed: true });
      t.same(document.steps, ["upload", "create", "start", "wait"]);
      t.equal(document.status, code === 0 ? "healthy" : "degraded");
      address = document.address;
      t.match(address, /^10\.1\.1\.\d+$/);
      t.same(
        document.urls.map(({ name }) => name),
        ["agent", "broker-gateway", "intelligent-core", "event-bus", "monitoring", "frontend"],
      );
      for (const { url } of document.urls) {
        t.equal((await peer.http({ url })).status, 200, url);
      }
      t.same(await writes(), [upload, "POST /nodes/pve1/lxc", "POST /nodes/pve1/lxc/120/status/start"]);
      t.equal(made().length, 1);
    });

    t.test(
      `${way}: again, on the healthy container: nothing to do, nothing done, with the vmid and without`,
      async (t) => {
        for (const which of [["--vmid", "120"], []]) {
          const { stdout, code } = await deployTemplate([template, ...which]);
          t.ok(code === 0 || code === 2);
          t.match(stdout, /container 120 \(stock-analysis\) on pve1 is \w+: nothing to do/);
          t.match(stdout, `http://${address}:8001/health`);
        }
        t.same(await writes(), []);
      },
    );

    // What follows is no matter of the way; paper is asked over each.
    if (way === "api") {
      t.test("each database's data lies in its volume, which was root's and empty", async (t) => {
        const [name = ""] = made();
        const inside = (...path: string[]): string[] => readdirSync(join(workFolder, name, ...path));
        t.ok(inside("mp0", debian.postgres, "main").includes("PG_VERSION"));
        for (const node of ["6379", "6380", "6381"]) t.ok(inside("mp1", node).length > 0, node);
        t.ok(inside("mp2", "mnesia").length > 0);
        for (const volume of ["mp0", "mp1", "mp2"]) {
          t.not(statSync(join(workFolder, name, volume)).uid, idMap.base, `${volume} is the database's now`);
        }
        t.same(inside("rootfs", "var", "lib", "postgresql"), []);
        t.same(inside("rootfs", "var", "lib", "redis", "6379"), []);
        t.same(inside("rootfs", "var", "lib", "rabbitmq", "mnesia"), []);
      });

      t.test("a volume that is to have another size is told of, with the command; nothing is done", async (t) => {
        const larger = ["--set", volumes.replace("20", "40")];
        const { stderr, code } = await deployTemplate([template, "--vmid", "120", ...larger]);
        t.ok(code === 0 || code === 2);
        t.match(stderr, /a volume at \/var\/lib\/postgresql of 20 GiB, .* 40 GiB; pct resize 120 mp0 40G/);
        t.same(await writes(), []);
      });

      t.test("beside a node that is out of reach it is what it is, and the exit code tells of the other", async (t) => {
        const { to: reached } = node.served;
        const to = `${reached},${reached}:8007`;
        const { stdout, code } = await deployTemplate([template, "--to", to, "--set", volumes, "--json"]);
        t.equal(code, 1);
        t.match(deploymentsDocument.parse(JSON.parse(stdout)).deployments, [
          { to: reached, deployment: { vmid: 120, changed: false } },
          { to: `${reached}:8007`, error: { code: "node-unreachable" } },
        ]);
        t.same(await writes(), []);
      });

      t.test("on a container that was stopped it starts it, and nothing else", async (t) => {
        await node.stop(120);
        await writes();
        const { stdout, code } = await deployTemplate([template, "--json"]);
        t.ok(code === 0 || code === 2);
        t.match(JSON.parse(stdout), { vmid: 120, changed: true, steps: ["start", "wait"] });
        t.same(await writes(), ["POST /nodes/pve1/lxc/120/status/start"]);
      });
    }

    t.test(`${way}: destroy names the volumes, wants a name or --yes, and then leaves nothing of it`, async (t) => {
      const asked = await deployTemplate(["destroy", "--vmid", "120"]);
      t.equal(asked.code, 64);
      t.match(
        asked.stderr,
        /mp0 local-lvm:vm-120-disk-1 \(20G\)(.|\n)*rootfs local-lvm:vm-120-disk-0 \(50G\)(.|\n)*\[no-terminal\]/,
      );
      t.same(await writes(), []);
      const { code, stdout } = await deployTemplate(["destroy", "--vmid", "120", "--yes"]);
      t.equal(code, 0);
      t.match(stdout, /container 120 is deleted/);
      t.same(made(), []);
      t.match((await deployTemplate(["destroy", "--vmid", "120", "--yes"])).stdout, /no container 120: nothing to do/);
      // The next way sends it itself.
      await node.forget();
      await node.requests();
      // How it is extracted is no matter of the way: once is enough.
      if (process.env.STACK_EXTRACTED !== undefined) await node.over(process.env.STACK_EXTRACTED);
    });
  }

  const networks = [
    [
      "IPv6 beside IPv4: eth0 gets an address of each",
      "{address: dhcp, address6: auto}",
      [/^10\.1\.1\.\d+$/, /^fd10:1:1:0:/],
      "9.2.11",
    ],
    ["a fixed IPv6 alone, which the node does not tell", "{address6: fd10:1:1::120/64}", [/^fd10:1:1::120$/], "8.4.1"],
    // One that the router advertises may be there beside the lease.
    ["IPv6 alone, by DHCP", "{address6: dhcp}", [/^fd10:1:1::[5-9]\w$/], "9.2.11"],
  ] as const;
  for (const [what, asked, expected, version] of process.env.STACK_LONG === "true" ? networks : networks.slice(0, 2)) {
    t.test(`${what}: healthy, and reached at it`, async (t) => {
      const { program, flags, env } = ways.api;
      const deployTemplate = (args: readonly string[]) =>
        inNetwork(network, run)(program, [...args, "--vmid", "121", ...flags], {
          ...{ accept: [0, 2], timeout: 600_000, signal: cleanup.signal, env },
        });
      const typed = [template, "--set", `container.network=${asked}`, "--json"];
      for (const [tells, changed] of [
        [version, true],
        ["9.2.11", false],
      ] as const) {
        await node.version(tells);
        const { addresses = [], ...made } = deploymentDocument.parse(JSON.parse((await deployTemplate(typed)).stdout));
        t.match(made, { changed, missingAddresses: [] });
        for (const form of expected) {
          t.ok(
            addresses.some((address) => form.test(address)),
            `${form}: ${addresses.join()}`,
          );
        }
        for (const { url } of made.urls) t.equal((await peer.http({ url })).status, 200, url);
      }
      await deployTemplate(["destroy", "--yes"]);
    });
  }

  /** What is typed on each way, and where; and what its upload is on the node. */
  async function typedAs({ to, token, caFile, ssh, bin }: Served): Promise<Readonly<Record<Way, Typed>>> {
    const program = join(project, "bin/deploy-template");
    const home = join(folder, "home");
    mkdirSync(join(home, ".ssh"), { recursive: true });
    writeFileSync(join(home, ".ssh/known_hosts"), `${to} ${ssh.hostKey}`);
    const { PATH, NODE_COMPILE_CACHE } = process.env;
    const mine = { PATH, NODE_COMPILE_CACHE, HOME: home };
    const { file } = await buildDeployer({ project, out: folder });
    const volume = `pvesm path local:vztmpl/${basename(template)}`;
    return {
      api: {
        ...{ program, flags: [], env: { ...mine, PROXMOX_TOKEN: token, DEPLOY_CA_FILE: caFile, DEPLOY_TO: to } },
        upload: "POST /nodes/pve1/storage/local/upload",
      },
      ssh: { program, flags: ["--to", `root@${to}`, "--identity", ssh.identity], env: mine, upload: volume },
      local: { program: file, flags: [], env: { PATH: `${bin}:/usr/bin:/bin`, HOME: home }, upload: volume },
    };
  }
}

interface Typed {
  readonly program: string;
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly upload: string;
}
