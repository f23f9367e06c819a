import { basename } from "node:path";
import { vmid } from "../paper-node.ts";
import { asFarAsPaperGoes, creations, type Promised, remote, writes } from "./promised.ts";

/** What is seen before anything is done. The same words over every way: each is compared with one text. */
export const lookPromises: readonly Promised[] = [
  {
    promise: "--dry-run tells the steps and the parameters in the same words, and changes nothing",
    keep: async (t, by) => {
      const path = await by.template();
      const { stdout, code } = await by.cli([path, "--vmid", "120", "--dry-run"]);
      const file = basename(path);
      const tags = /_(1\.0\.0-\w+)_/.exec(file)?.[1];
      t.equal(code, 0);
      t.equal(
        stdout,
        [
          "node pve1, Proxmox VE 8.4.1, container 120",
          `1. send ${file} to storage local`,
          "2. create container 120",
          "3. start container 120",
          "4. wait until all of the stack works",
          "with:",
          "  vmid          120",
          `  ostemplate    local:vztmpl/${file}`,
          "  ostype        debian",
          "  hostname      shop",
          "  unprivileged  1",
          "  cores         4",
          "  memory        8192",
          "  swap          512",
          "  rootfs        local-lvm:50",
          "  net0          name=eth0,bridge=vmbr0,ip=dhcp",
          "  onboot        1",
          `  tags          proxmox-stack;shop;${tags}`,
          `  description   Made by deploy-template of ${file}`,
          "nothing was changed",
          "",
        ].join("\n"),
      );
      t.equal(writes(by), 0);
    },
  },
  {
    promise: "--dry-run --json with refusals is one object, ends with 1, and has each with its fix",
    keep: async (t, by) => {
      const path = await by.template();
      const { stdout, code } = await by.cli([path, "--dry-run", "--json", "--bridge", "vmbr9", "--storage", "ceph"]);
      t.equal(code, 1);
      t.same(JSON.parse(stdout), {
        schemaVersion: 1,
        ...{ node: "pve1", version: "8.4.1", vmid: 100, template: basename(path) },
        refusals: [
          {
            code: "no-storage",
            message: "there is no storage ceph on pve1",
            fix: "--storage local-lvm",
          },
          { code: "no-bridge", message: "the node has no bridge vmbr9; it has vmbr0", fix: "choose with --bridge" },
        ],
        warnings: [],
        steps: [],
      });
    },
  },
  {
    promise: "the program ends with the same lines and the same code where a container has no address",
    keep: async (t, by) => {
      const path = await by.template();
      // A lease has a minute; with less for the whole it ends sooner.
      const { stderr, code } = await by.cli([path, "--vmid", "120", "--timeout", "2"]);
      t.equal(code, 1);
      const steps = [...stderr.matchAll(/^(\w+): (.*)$/gm)].map(([, step, text]) => `${step}: ${text}`);
      const telling = steps.filter(
        (line) => !/^\w+: (done|failed|reading|looking|sending|hint) |^(look|template):/.test(line),
      );
      t.match(telling[1], /^warning: Systemd 252 detected/);
      t.same(telling, [
        "create: creating container 120",
        telling[1],
        "start: starting container 120",
        "wait: waiting until all of the stack works",
        "error: wait: container 120 runs, but its eth0 has no address [no-address]",
        telling.at(-1),
      ]);
      t.match(stderr, /^ {2}left: container 120, running; the same command carries on with it$/m);
      t.match(stderr, /^hint: {2}is there a DHCP server on bridge vmbr0\?/m);
    },
  },
  {
    promise: "a container that somebody stopped is started, nothing else",
    keep: async (t, by) => {
      const path = await by.template();
      await t.rejects(by.deploy(path), asFarAsPaperGoes);
      const guest = by.node.state.guests.get(vmid);
      if (guest !== undefined) guest.status = "stopped";
      await t.rejects(by.deploy(path), asFarAsPaperGoes);
      t.equal(creations(by), 1);
      t.equal(by.uploads(), 1);
      t.equal(by.asked(/status\/start$/), 2);
    },
  },
  {
    promise: "somebody else's vmid is refused before a byte is sent",
    keep: async (t, by) => {
      const config = { hostname: "web", tags: "web" };
      const theirs = { vmid, type: "lxc", node: "pve1", config, lock: undefined } as const;
      by.node.state.guests.set(vmid, { ...theirs, status: "running" });
      await t.rejects(by.deploy(await by.template()), { code: "vmid-taken", message: /a container \(web\) on pve1/ });
      t.equal(writes(by), 0);
    },
  },
  {
    promise: "a node without its bridge is refused before; one that loses it fails the start",
    keep: async (t, by) => {
      const path = await by.template();
      by.node.state.bridges = ["vmbr1"];
      await t.rejects(by.deploy(path), { code: "no-bridge", message: /it has vmbr1/ });
      t.equal(writes(by), 0);
      by.node.state.bridges = ["vmbr0"];
      by.faults.before = {
        request: /status\/start$/,
        act: () => {
          by.node.state.bridges = [];
        },
      };
      await t.rejects(by.deploy(path), {
        code: "task-failed",
        message: /starting container 120 failed: bridge 'vmbr0' does not exist/,
        detail: /left: container 120, not started/,
      });
    },
  },
  {
    promise: "with a wrong fingerprint nothing is asked; both are told, and where to compare",
    ways: remote,
    keep: async (t, by) => {
      const wrong = by.way === "api" ? Array(32).fill("00").join(":") : `SHA256:${"A".repeat(43)}`;
      const { stderr, code } = await by.cli([await by.template(), "--fingerprint", wrong]);
      t.equal(code, 1);
      t.match(stderr, /\[untrusted-(certificate|host-key)\]/);
      t.match(stderr, `expected ${wrong}\n  seen     `);
      t.match(stderr, /^hint: {2}compare it on/m);
      t.same(by.node.state.carriedOut, []);
    },
  },
  {
    promise: "a node that does not answer is told, with the port to look at",
    ways: remote,
    keep: async (t, by) => {
      const path = await by.template();
      await by.leave();
      await t.rejects(by.deploy(path), { code: "node-unreachable", hint: /port \d+ open from here/ });
      await by.back();
    },
  },
  {
    promise: "a node's name that the cluster has not is refused, with those it has",
    keep: async (t, by) => {
      const target = { node: "pve7" };
      const ended = by.deploy(await by.template(), { target });
      await t.rejects(ended, { code: "no-such-node", message: "there is no node pve7; there are pve1", exit: 64 });
    },
  },
];
