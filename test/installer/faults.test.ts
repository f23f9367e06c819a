import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { isStackError } from "../../lib/error.ts";
import { plainProgress } from "../../lib/progress/plain.ts";
import { type PaperNode, paperNode, vmid } from "./paper-node.ts";

t.setTimeout(300_000);

// What goes wrong between a workstation and a node. On paper no container has an address, so
// a deployment that got through ends with `no-address`: asserted as that, never as healthy.

const asFarAsPaperGoes = { code: "no-address" };

function asked(paper: PaperNode, request: RegExp): number {
  return paper.node.state.carriedOut.filter((what) => request.test(what)).length;
}

const creations = (paper: PaperNode): number => asked(paper, /^POST \/nodes\/pve1\/lxc$/);

t.test("no lease: the container that runs is told, and how to give it an address", async (t) => {
  const paper = await paperNode(t);
  await t.rejects(paper.deploy(await paper.template()), {
    code: "no-address",
    hint: /DHCP server on bridge vmbr0.*pct set 120 --net0/,
    detail: [/left: container 120, running; the same command carries on/],
  });
  t.match(paper.node.state.guests.get(vmid), { status: "running" });
});

t.test("a ticket that expires during it is renewed, and nothing is done twice", async (t) => {
  const paper = await paperNode(t);
  paper.node.access.addUser("ann@pam", "a password");
  paper.door.faults.before = { request: /upload$/, act: () => paper.node.access.expireTickets() };
  const as = { kind: "password", user: "ann@pam", password: "a password" } as const;
  await t.rejects(paper.deploy(await paper.template(), { as }), asFarAsPaperGoes);
  t.equal(asked(paper, /upload$/), 1);
  t.equal(creations(paper), 1);
});

t.test("a password that is no longer right is told, once", async (t) => {
  const paper = await paperNode(t);
  const as = { kind: "password", user: "ann@pam", password: "a password" } as const;
  await t.rejects(paper.deploy(await paper.template(), { as }), {
    code: "not-authenticated",
    message: /authentication failure/,
  });
});

t.test("a task that fails is told with its log; the container is gone, the file is not sent again", async (t) => {
  const paper = await paperNode(t);
  const path = await paper.template();
  paper.node.tasks.faults.fail.vzcreate = "unable to create CT 120 - command 'tar xpf -' failed: exit code 2";
  await t.rejects(paper.deploy(path), {
    code: "task-failed",
    message: /creating container 120 failed: .*exit code 2/,
    detail: [/TASK ERROR/, /left: .* in storage local, no container/],
  });
  paper.node.tasks.faults.fail = {};
  paper.node.state.guests.clear();
  await t.rejects(paper.deploy(path), asFarAsPaperGoes);
  t.equal(asked(paper, /upload$/), 1);
});

t.test("a task that never ends is given up at the deadline; the next run waits for the same one", async (t) => {
  const paper = await paperNode(t);
  const path = await paper.template();
  paper.node.tasks.faults.hang.add("vzcreate");
  await t.rejects(paper.deploy(path, { patience: { task: 1000 } }), {
    code: "task-timeout",
    detail: [/^task UPID:pve1:.*:vzcreate:120:/, /left: the node goes on creating container 120/],
  });
  await t.rejects(paper.deploy(path, { patience: { task: 1000 } }), { code: "task-timeout" });
  t.equal(creations(paper), 1, "no second creation");
});

t.test("the node is gone during the creation: carried on when it comes back", async (t) => {
  const paper = await paperNode(t);
  const path = await paper.template();
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  paper.node.state.guestMaker = { ...paper.node.state.guestMaker, create: () => held };
  const deploying = paper.deploy(path);
  const ended = t.rejects(deploying, asFarAsPaperGoes);
  while (creations(paper) === 0) await sleep(20);
  await paper.door.close();
  await sleep(1500);
  release();
  await paper.door.reopen();
  await ended;
  t.equal(creations(paper), 1);
});

t.test("a node that stays away during the creation is told, and what it does by itself", async (t) => {
  const paper = await paperNode(t);
  paper.node.tasks.faults.hang.add("vzcreate");
  const ended = t.rejects(paper.deploy(await paper.template(), { patience: { absence: 1000 } }), {
    code: "node-gone",
    hint: /when it is back, run the same command again/,
    detail: [/left: the node goes on creating container 120/],
  });
  while (creations(paper) === 0) await sleep(20);
  await paper.door.close();
  await ended;
});

t.test("an answer that is lost after the creation was taken makes no second container", async (t) => {
  const paper = await paperNode(t);
  paper.door.faults.loseAnswerTo = /^POST \/nodes\/pve1\/lxc$/;
  await t.rejects(paper.deploy(await paper.template()), asFarAsPaperGoes);
  t.equal(creations(paper), 1);
  t.match(paper.node.state.guests.get(vmid), { status: "running" });
});

t.test(
  "a creation that was lost on its way is told as maybe done; the next run finds nothing and makes it",
  async (t) => {
    const paper = await paperNode(t);
    const path = await paper.template();
    paper.door.faults.loseRequest = /^POST \/nodes\/pve1\/lxc$/;
    await t.rejects(paper.deploy(path, { patience: { absence: 600 } }), {
      code: "answer-lost",
      hint: /it looks first what was done/,
      detail: [/left: perhaps container 120/],
    });
    t.equal(creations(paper), 0);
    await t.rejects(paper.deploy(path), asFarAsPaperGoes);
    t.equal(creations(paper), 1);
  },
);

t.test("an answer that is lost after the start was taken does not fail a container that runs", async (t) => {
  const paper = await paperNode(t);
  paper.door.faults.loseAnswerTo = /status\/start$/;
  await t.rejects(paper.deploy(await paper.template()), asFarAsPaperGoes);
});

t.test("two deployers at once with one vmid make one container, and both carry on with it", async (t) => {
  const paper = await paperNode(t);
  const path = await paper.template();
  const slow = { ...paper.node.state.guestMaker, create: () => sleep(700).then(() => {}) };
  paper.node.state.guestMaker = slow;
  await Promise.all([1, 2].map(() => t.rejects(paper.deploy(path), asFarAsPaperGoes)));
  t.equal(creations(paper), 1);
  t.equal(asked(paper, /status\/start$/), 1);
});

t.test("another deployer, with another template, took the vmid meanwhile: refused, theirs is left alone", async (t) => {
  const paper = await paperNode(t);
  const [path, other] = [await paper.template(), await paper.template()];
  paper.door.faults.before = {
    request: /^POST \/nodes\/pve1\/lxc$/,
    act: async () => {
      await t.rejects(paper.deploy(other), asFarAsPaperGoes);
    },
  };
  await t.rejects(paper.deploy(path), { code: "vmid-taken", detail: /left: .*no container/ });
  t.equal(creations(paper), 1);
});

t.test("Ctrl-C while the node creates: it goes on there, and the next run carries on with it", async (t) => {
  const paper = await paperNode(t);
  const path = await paper.template();
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  paper.node.state.guestMaker = { ...paper.node.state.guestMaker, create: () => held };
  const stop = new AbortController();
  const stopped = t.rejects(paper.deploy(path, { signal: stop.signal }), {
    code: "aborted",
    detail: [/left: the node goes on creating container 120 by itself/],
  });
  while (creations(paper) === 0) await sleep(20);
  stop.abort("received SIGINT");
  await stopped;
  setTimeout(release, 500);
  const lines: string[] = [];
  await t.rejects(paper.deploy(path, { progress: plainProgress((line) => lines.push(line)) }), asFarAsPaperGoes);
  t.match(lines.join("\n"), /create: waiting for container 120, which is being created already/);
  t.equal(creations(paper), 1);
});

t.test("a container that somebody stopped is started, nothing else", async (t) => {
  const paper = await paperNode(t);
  const path = await paper.template();
  await t.rejects(paper.deploy(path), asFarAsPaperGoes);
  const guest = paper.node.state.guests.get(vmid);
  if (guest !== undefined) guest.status = "stopped";
  await t.rejects(paper.deploy(path), asFarAsPaperGoes);
  t.equal(creations(paper), 1);
  t.equal(asked(paper, /status\/start$/), 2);
});

t.test("somebody else's vmid is refused before a byte is sent", async (t) => {
  const paper = await paperNode(t);
  const theirs = {
    vmid,
    type: "lxc",
    node: "pve1",
    config: { hostname: "web", tags: "web" },
    lock: undefined,
  } as const;
  paper.node.state.guests.set(vmid, { ...theirs, status: "running" });
  await t.rejects(paper.deploy(await paper.template()), { code: "vmid-taken", message: /a container \(web\) on pve1/ });
  t.equal(asked(paper, /^(POST|PUT|DELETE) /), 0);
});

t.test("a token of too little power is told what it lacks, before a byte is sent", async (t) => {
  const paper = await paperNode(t);
  const token = paper.token({ "/storage": ["Datastore.Audit"], "/vms/120": ["VM.Audit"], "/sdn": ["SDN.Use"] });
  const error: unknown = await paper.deploy(await paper.template(), { token }).catch((reason: unknown) => reason);
  t.ok(isStackError(error));
  t.match(error, { code: "missing-privileges", message: /\/storage\/local: Datastore\.AllocateTemplate; / });
  t.match(error, {
    hint: /pveum role add StackDeployer --privs ".*VM\.Allocate .*" && pveum acl modify \/storage\/local --tokens/,
  });
  t.equal(asked(paper, /^(POST|PUT|DELETE) /), 0);
});

t.test("with exactly the privileges that are asked for it goes through", async (t) => {
  const paper = await paperNode(t);
  const { neededPrivileges } = await import("../../installer/preflight/privileges.ts");
  const { wantedOf } = await import("./facts.ts");
  const token = paper.token(neededPrivileges(wantedOf(), "8.4.1"));
  await t.rejects(paper.deploy(await paper.template(), { token }), asFarAsPaperGoes);
});

t.test("a node without its bridge is refused before; one that loses it fails the start", async (t) => {
  const paper = await paperNode(t);
  const path = await paper.template();
  paper.node.state.bridges = ["vmbr1"];
  await t.rejects(paper.deploy(path), { code: "no-bridge", message: /it has vmbr1/ });
  paper.node.state.bridges = ["vmbr0"];
  paper.door.faults.before = {
    request: /status\/start$/,
    act: () => {
      paper.node.state.bridges = [];
    },
  };
  await t.rejects(paper.deploy(path), {
    code: "task-failed",
    message: /starting container 120 failed: bridge 'vmbr0' does not exist/,
    detail: /left: container 120, not started/,
  });
});
