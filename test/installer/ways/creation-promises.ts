import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { plainProgress } from "../../../lib/progress/plain.ts";
import type { NodeBy } from "../node-by.ts";
import { program, vmid } from "../paper-node.ts";
import { asFarAsPaperGoes, creations, type Promised, remote } from "./promised.ts";

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
        "container.network={address: 10.1.1.120/24, gateway: 10.1.1.1, dns: [10.1.1.1, 9.9.9.9]}",
        "container.disk=20GiB",
      ];
      const path = await by.template();
      await t.rejects(by.deploy(path, { set }), asFarAsPaperGoes);
      const edition = /_(1\.0\.0-\w+)_/.exec(path)?.[1];
      t.same(by.node.state.guests.get(vmid)?.config, {
        ...{ ostype: "debian", hostname: "shop", unprivileged: "1", features: "nesting=1", arch: "amd64" },
        ...{ cores: "4", memory: "8192", swap: "512", rootfs: "local-lvm:vm-120-disk-0,size=20G" },
        net0: "name=eth0,bridge=vmbr0,tag=20,ip=10.1.1.120/24,gw=10.1.1.1",
        ...{ nameserver: "10.1.1.1 9.9.9.9", onboot: "0", startup: "order=2" },
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
    promise: "no lease: the container that runs is told, and how to give it an address",
    keep: async (t, by) => {
      await t.rejects(by.deploy(await by.template()), {
        code: "no-address",
        hint: /DHCP server on bridge vmbr0.*pct set 120 --net0/,
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
