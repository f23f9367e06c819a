import { spawn } from "node:child_process";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isStackError } from "../../../lib/error.ts";
import { plainProgress } from "../../../lib/progress/plain.ts";
import type { NodeBy } from "../node-by.ts";
import { program, vmid } from "../paper-node.ts";
import { asFarAsPaperGoes, creations, type Promised, remote, writes } from "./promised.ts";

/** Holds the creation until it is let go. */
function holdCreation(by: NodeBy): () => void {
  const held = Promise.withResolvers<void>();
  by.node.state.guestMaker = { ...by.node.state.guestMaker, create: () => held.promise };
  return held.resolve;
}

async function untilCreating(by: NodeBy): Promise<void> {
  while (creations(by) === 0) await sleep(20);
}

const nasty = "Ünïcode 🐘 'quoted' \"twice\" $HOME `id` \\ --dash\n\n* a list; <b>& more</b>";

export const creationPromises: readonly Promised[] = [
  {
    promise: "the container is asked for exactly as the definition says, whatever characters that has",
    keep: async (t, by) => {
      let keys: string | undefined;
      const { guestMaker } = by.node.state;
      by.node.state.guestMaker = {
        ...guestMaker,
        create: async (spec, log) => {
          keys = spec.sshKeys;
          await guestMaker.create(spec, log);
        },
      };
      const sshKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE5vdEFLZXlBdEFsbA== ann's key; $(id)";
      const set = [
        `deploy.description=${JSON.stringify(nasty)}`,
        `deploy.sshKeys=${JSON.stringify([sshKey, sshKey])}`,
        "deploy.tags=[a.b, c+d]",
        "deploy.startOrder=2",
        "deploy.vlan=20",
        "deploy.onboot=false",
        "container.nesting=true",
        "container.network={address: 10.1.1.120/24, gateway: 10.1.1.1, address6: fd00::120/64, gateway6: fe80::1, dns: [10.1.1.1, fd00::53]}",
        "container.disk=20GiB",
      ];
      const path = await by.template();
      // A node of version 8 tells no IPv6 address but the link's: the fixed one is asked, and there is none on paper.
      await t.rejects(by.deploy(path, { set }), { code: "not-reachable", message: /of fd00::120 does not answer/ });
      const edition = /_(1\.0\.0-\w+)_/.exec(path)?.[1];
      t.same(by.node.state.guests.get(vmid)?.config, {
        ...{ ostype: "debian", hostname: "shop", unprivileged: "1", features: "nesting=1", arch: "amd64" },
        ...{ cores: "4", memory: "8192", swap: "512", rootfs: "local-lvm:vm-120-disk-0,size=20G" },
        net0: "name=eth0,bridge=vmbr0,gw=10.1.1.1,gw6=fe80::1,hwaddr=BC:24:11:00:00:78,ip=10.1.1.120/24,ip6=fd00::120/64,tag=20,type=veth",
        ...{ nameserver: "10.1.1.1 fd00::53", onboot: "0", startup: "order=2" },
        tags: `proxmox-stack;shop;${edition};a.b;c+d`,
        description: `${nasty}\n\nMade by deploy-template of debian-12-shop_${edition}_amd64.tar.gz`,
      });
      t.equal(keys, `${sshKey}\n${sshKey}`);
    },
  },
  {
    promise: "a parameter that the node refuses is told by its name",
    keep: async (t, by) => {
      const { node } = await by.connect();
      const bad = { vmid, ostemplate: "local:vztmpl/x.tar.gz", hostname: "a_b" };
      await t.rejects(node.create(bad), {
        code: "refused-by-node",
        message: "the node refuses POST /nodes/pve1/lxc: Parameter verification failed.",
        detail: ["hostname: invalid format - value does not look like a valid DNS name"],
      });
    },
  },
  {
    promise: "no lease: the container that runs is told, and how to give it an address and keep its MAC and VLAN",
    keep: async (t, by) => {
      const kept = "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:78,tag=20,type=veth";
      await t.rejects(by.deploy(await by.template(), { set: ["deploy.vlan=20"] }), {
        code: "no-address",
        hint: `is there a DHCP server on bridge vmbr0? A fixed address: pct set 120 --net0 ${kept},ip=10.1.1.120/24,gw=10.1.1.1, then the same command again`,
        detail: [/left: container 120, running; the same command carries on/],
      });
      t.match(by.node.state.guests.get(vmid), { status: "running" });
    },
  },
  {
    promise: "a task that fails is told with its log; the container is gone, the file is not sent again",
    keep: async (t, by) => {
      const path = await by.template();
      by.node.tasks.faults.fail.vzcreate = "unable to create CT 120 - command 'tar xpf -' failed: exit code 2";
      await t.rejects(by.deploy(path), {
        code: "task-failed",
        message: /creating container 120 failed: .*exit code 2/,
        detail: [/TASK ERROR/, /left: .* in storage local, no container/],
      });
      by.node.tasks.faults.fail = {};
      by.node.state.guests.clear();
      await t.rejects(by.deploy(path), asFarAsPaperGoes);
      t.equal(by.uploads(), 1);
    },
  },
  {
    promise: "no router advertises, no DHCPv6 server answers: that is told, and what of net0 is not IPv6's stays",
    keep: async (t, by) => {
      const path = await by.template();
      const asked = async (network: string) => {
        const error: unknown = await by
          .deploy(path, { set: [`container.network=${network}`] })
          .catch((e: unknown) => e);
        await by.node.tasks.settled();
        by.node.state.guests.clear();
        return error;
      };
      const untold = { code: "no-address", message: /does not tell its IPv6/, hint: /: pct exec 120 -- stack-agent/ };
      t.match(await asked("{address6: auto}"), untold, "a node of version 8");
      by.node.state.version = "9.2.11";
      t.match(await asked("{address6: auto}"), {
        code: "no-address",
        hint: /^is there a router that advertises a prefix on bridge vmbr0\? .* --net0 name=eth0,bridge=vmbr0,hwaddr=[0-9A-F:]+,type=veth,ip6=fd00::120\/64,gw6=fd00::1,/,
      });
      t.match(await asked("{address6: dhcp}"), { hint: /^is there a DHCPv6 server on/ });
      t.match(await asked("{address: dhcp, address6: auto}"), {
        hint: /^is there a DHCP server, or a router that advertises a prefix on .*,ip6=auto,type=veth,ip=10\.1\.1\.120\/24,/,
      });
      t.match(await asked("{address: 10.1.1.120/24, gateway: 10.1.1.1}"), { hint: /journalctl --unit networking/ });
    },
  },
  {
    promise: "a damaged file of the right size is noticed, beforehand where the node can read it, and is sent again",
    keep: async (t, by) => {
      const path = await by.template();
      const there = join(by.node.state.templates("local"), basename(path));
      await mkdir(by.node.state.templates("local"), { recursive: true });
      await writeFile(there, Buffer.alloc((await stat(path)).size));
      if (by.way === "api") {
        const error: unknown = await by.deploy(path).catch((reason: unknown) => reason);
        t.match(error, { code: "task-failed", hint: /may be damaged: --resend sends it again/ });
        const detail = isStackError(error) ? error.detail.join("\n") : "";
        t.match(detail, /^gzip: stdin: not in gzip format$/m);
        t.match(detail, /^left: .* perhaps damaged, no container; with --resend it is sent again$/m);
        t.equal(by.uploads(), 0);
        await t.rejects(by.deploy(path, { resend: true }), asFarAsPaperGoes);
      } else {
        const lines: string[] = [];
        await t.rejects(by.deploy(path, { progress: plainProgress((line) => lines.push(line)) }), asFarAsPaperGoes);
        t.match(lines.join("\n"), /in storage local is damaged: it holds something else; it is sent again/);
      }
      t.equal(by.uploads(), 1);
      t.ok((await readFile(there)).equals(await readFile(path)));
    },
  },
  {
    promise: "what a task warns of is told once, with what it means here, and fails nothing",
    keep: async (t, by) => {
      const path = await by.template();
      const lines: string[] = [];
      const progress = plainProgress((line) => lines.push(line));
      await t.rejects(by.deploy(path, { progress }), asFarAsPaperGoes);
      t.same(
        by.node.tasks
          .list()
          .map(({ exitstatus }) => exitstatus)
          .filter((end) => end !== "OK"),
        ["WARNINGS: 1", "WARNINGS: 1"],
      );
      const told = lines.filter((line) => line.includes("enable nesting"));
      t.equal(told.length, 1);
      t.match(told[0], /warning: Systemd 252 detected\. You may need to enable nesting\. \(not here: .* do without it/);
      by.node.state.guests.clear();
      lines.length = 0;
      await t.rejects(by.deploy(path, { progress, set: ["container.nesting=true"] }), asFarAsPaperGoes);
      t.notMatch(lines.join("\n"), /enable nesting/);
    },
  },
  {
    promise: "a disabled storage, and another node's, are refused with the command that changes it",
    keep: async (t, by) => {
      const path = await by.template();
      const [local, lvm] = by.node.state.storages;
      if (local === undefined || lvm === undefined) throw new Error("a stand-in has two storages");
      lvm.disable = 1;
      await t.rejects(by.deploy(path), { code: "storage-inactive", hint: "pvesm set local-lvm --disable 0" });
      lvm.disable = 0;
      local.nodes = ["pve2"];
      await t.rejects(by.deploy(path), {
        code: "storage-inactive",
        message: "storage local is not for node pve1, only for pve2",
        hint: "pvesm set local --nodes pve2,pve1",
      });
      t.equal(writes(by), 0);
    },
  },
  {
    promise: "more cores and memory than the node has are told, and made",
    keep: async (t, by) => {
      by.node.state.machine.cpus = 2;
      const lines: string[] = [];
      const progress = plainProgress((line) => lines.push(line));
      const set = ["container.cores=64", "container.memory=128GiB"];
      await t.rejects(by.deploy(await by.template(), { set, progress }), asFarAsPaperGoes);
      t.match(lines.join("\n"), /asks for 64 cores, the node has 2; --set container\.cores=2/);
      t.match(lines.join("\n"), /asks for 128 GiB, the node has 32768 MiB; /);
      t.match(by.node.state.guests.get(vmid)?.config, { cores: "64", memory: "131072" });
    },
  },
  {
    promise: "a task that never ends is given up at the deadline; the next run waits for the same one",
    keep: async (t, by) => {
      const path = await by.template();
      by.node.tasks.faults.hang.add("vzcreate");
      const patience = { task: 1500 };
      await t.rejects(by.deploy(path, { patience }), {
        code: "task-timeout",
        detail: [/^task UPID:pve1:.*:vzcreate:120:/, /left: the node goes on creating container 120/],
      });
      await t.rejects(by.deploy(path, { patience }), { code: "task-timeout" });
      t.equal(creations(by), 1, "no second creation");
      by.node.tasks.stop("vzcreate");
    },
  },
  {
    promise: "the node is gone during the creation: carried on when it comes back",
    ways: remote,
    keep: async (t, by) => {
      const release = holdCreation(by);
      const ended = t.rejects(by.deploy(await by.template()), asFarAsPaperGoes);
      await untilCreating(by);
      await by.leave();
      await sleep(1500);
      release();
      await by.back();
      await ended;
      t.equal(creations(by), 1);
    },
  },
  {
    promise: "a node that stays away during the creation is told, and what it does by itself",
    ways: remote,
    keep: async (t, by) => {
      by.node.tasks.faults.hang.add("vzcreate");
      const ended = t.rejects(by.deploy(await by.template(), { patience: { absence: 1000 } }), {
        code: "node-gone",
        hint: /when it is back, run the same command again/,
        detail: [/left: the node goes on creating container 120/],
      });
      await untilCreating(by);
      // Not in the moment of the creation itself: that would be an answer that is lost.
      await sleep(1500);
      await by.leave();
      await ended;
      by.node.tasks.stop("vzcreate");
    },
  },
  {
    promise: "an answer that is lost after the creation was taken makes no second container",
    ways: remote,
    keep: async (t, by) => {
      by.faults.loseAnswerTo = /^POST \/nodes\/pve1\/lxc$/;
      await t.rejects(by.deploy(await by.template()), asFarAsPaperGoes);
      t.equal(creations(by), 1);
      t.match(by.node.state.guests.get(vmid), { status: "running" });
    },
  },
  {
    promise: "a creation that was lost on its way is told as maybe done; the next run finds nothing and makes it",
    ways: remote,
    keep: async (t, by) => {
      const path = await by.template();
      by.faults.loseRequest = /^POST \/nodes\/pve1\/lxc$/;
      await t.rejects(by.deploy(path, { patience: { absence: 600 } }), {
        code: "answer-lost",
        hint: /it looks first what was done/,
        detail: [/left: perhaps container 120/],
      });
      t.equal(creations(by), 0);
      await t.rejects(by.deploy(path), asFarAsPaperGoes);
      t.equal(creations(by), 1);
    },
  },
  {
    promise: "an answer that is lost after the start was taken does not fail a container that runs",
    ways: remote,
    keep: async (t, by) => {
      by.faults.loseAnswerTo = /status\/start$/;
      await t.rejects(by.deploy(await by.template()), asFarAsPaperGoes);
    },
  },
  {
    promise: "two deployers at once with one vmid make one container, and both carry on with it",
    keep: async (t, by) => {
      const path = await by.template();
      by.node.state.guestMaker = { ...by.node.state.guestMaker, create: () => sleep(1500).then(() => {}) };
      await Promise.all([1, 2].map(() => t.rejects(by.deploy(path), asFarAsPaperGoes)));
      t.equal(creations(by), 1);
      t.equal(by.asked(/status\/start$/), 1);
    },
  },
  {
    promise: "another deployer, with another template, took the vmid meanwhile: refused, theirs is left alone",
    keep: async (t, by) => {
      const [path, other] = [await by.template(), await by.template()];
      by.faults.before = {
        request: /^POST \/nodes\/pve1\/lxc$/,
        act: async () => {
          await t.rejects(by.deploy(other), asFarAsPaperGoes);
        },
      };
      await t.rejects(by.deploy(path), { code: "vmid-taken", detail: /left: .*no container/ });
      t.equal(creations(by), 1);
    },
  },
  {
    promise: "Ctrl-C while the node creates: it goes on there, and the next run carries on with it",
    keep: async (t, by) => {
      const path = await by.template();
      const release = holdCreation(by);
      const stop = new AbortController();
      const stopped = t.rejects(by.deploy(path, { signal: stop.signal }), {
        code: "aborted",
        detail: [/left: the node goes on creating container 120 by itself/],
      });
      await untilCreating(by);
      await sleep(1000);
      stop.abort("received SIGINT");
      await stopped;
      const lines: string[] = [];
      const progress = plainProgress((line) => {
        lines.push(line);
        if (line.startsWith("create: ")) setTimeout(release, 500);
      });
      await t.rejects(by.deploy(path, { progress }), asFarAsPaperGoes);
      release();
      t.match(lines.join("\n"), /create: waiting for container 120, which is being created already/);
      t.equal(creations(by), 1);
    },
  },
  {
    promise: "Ctrl-C ends the program with 130 at once and tells what is left; the node's task goes on",
    keep: async (t, by) => {
      by.node.tasks.faults.hang.add("vzcreate");
      const args = [program, await by.template(), "--vmid", "150", ...by.flags];
      const child = spawn(process.execPath, args, { env: by.environment });
      let said = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => (said += text));
      }
      const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
      while (creations(by) === 0 && child.exitCode === null) await sleep(50);
      // Once the node has told the task: before, what is left is told as perhaps there.
      await sleep(1500);
      child.kill("SIGINT");
      t.equal(await ended, 130, said);
      t.match(
        said,
        /error: stopped; left: the node goes on creating container 150 by itself; the same command carries on/,
      );
      t.notOk(said.includes(by.own.split("=")[1] ?? "?"), "no secret in what it says");
      t.equal(by.node.tasks.list().find(({ type }) => type === "vzcreate")?.exitstatus, undefined);
      by.node.tasks.stop("vzcreate");
    },
  },
];
