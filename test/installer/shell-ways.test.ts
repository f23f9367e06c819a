import { chmod, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { chooseWay, whoAsks } from "../../installer/cli/who-asks.ts";
import { beginTask } from "../../installer/transports/shell/begin-task.ts";
import { pveshAnswer, pveshCall } from "../../installer/transports/shell/pvesh-call.ts";
import { run } from "../../lib/run.ts";
import { nodeBy } from "./node-by.ts";

t.setTimeout(300_000);
const root = process.getuid?.() === 0;
const needsRoot = { skip: root ? false : "pvesh is root's alone: sudo npm test" };

t.test("a request is pvesh's command line: path, parameters as texts, none that is undefined", async (t) => {
  const parameters = { vmid: 120, unprivileged: true, onboot: false, features: undefined, description: "--a\nb" };
  t.same(pveshCall("POST", "/api2/json/nodes/pve1/lxc", parameters).slice(2), [
    ...["pvesh", "create", "/nodes/pve1/lxc", "--output-format", "json", "--vmid", "120", "--unprivileged", "1"],
    ...["--onboot", "0", "--description", "--a\nb"],
  ]);
  const task = encodeURIComponent("UPID:pve1:0:0:0:vzcreate:120:root@pam!x:");
  t.equal(
    pveshCall("GET", `/api2/json/nodes/pve1/tasks/${task}/status`, {})[4],
    "/nodes/pve1/tasks/UPID:pve1:0:0:0:vzcreate:120:root@pam!x:/status",
  );
});

const said = (stdout: string, stderr = "", code = 0) => ({ stdout, stderr, code });
const upid = "UPID:pve1:0002F1A3:00B1C2D3:67412345:vzcreate:120:root@pam:";

t.test("an answer is JSON, nothing, or the task after its log, with whatever became of it", async (t) => {
  t.same(pveshAnswer("GET /x", said('[{"node":"pve1"}]\n')), [{ node: "pve1" }]);
  t.equal(pveshAnswer("GET /x", said('"100"\n')), "100");
  t.equal(pveshAnswer("GET /x", said("")), null);
  t.equal(pveshAnswer("POST /x", said(`extracting archive\nTotal bytes read: 1\n"${upid}"\n`)), upid);
  t.equal(pveshAnswer("POST /x", said(`${upid}\n`, "unable to create CT 120\n")), upid);
  t.throws(() => pveshAnswer("GET /x", said("no json")), { code: "strange-answer" });
});

t.test("errors are told as the REST API's: by parameter, by privilege, by what is no Proxmox node", async (t) => {
  const usage = "pvesh create <api_path> [OPTIONS] [FORMAT_OPTIONS]\n";
  const bad = `400 Parameter verification failed.\nvmid: VM 120 already exists\n\n${usage}`;
  t.throws(() => pveshAnswer("GET /cluster/nextid", said("", bad, 255)), {
    code: "refused-by-node",
    message: "the node refuses GET /cluster/nextid: Parameter verification failed.",
    detail: ["vmid: VM 120 already exists"],
  });
  t.throws(() => pveshAnswer("POST /x", said("", "CT 120 already exists on node 'pve1'\n", 2)), {
    message: "the node refuses POST /x: CT 120 already exists on node 'pve1'",
    detail: [],
  });
  t.throws(() => pveshAnswer("GET /x", said("", "403 Permission check failed\n", 255)), { code: "not-allowed" });
  t.throws(() => pveshAnswer("GET /x", said("", "please run as root\n", 13)), { code: "not-root" });
  t.throws(() => pveshAnswer("GET /x", said("", "env: 'pvesh': No such file or directory\n", 127)), {
    code: "no-proxmox",
  });
});

t.test("a task outlives whoever began it, and is named before it has ended", async (t) => {
  const mark = join(t.testdir(), "done");
  // A worker as pvesh has one: its output ends with whoever reads it.
  const worker = `bash -c 'exec -a "task ${upid}" sleep 1' & wait; echo log; echo "$1" >'${mark}'; echo '"${upid}"'; exit 3`;
  const [command = "", ...args] = beginTask(["sh", "-c", worker, "sh", "a  b"]);
  const lines: string[] = [];
  const stop = new AbortController();
  const begun = run(command, args, {
    signal: stop.signal,
    onLine: (line) => {
      lines.push(line);
      stop.abort();
    },
  });
  await t.rejects(begun, { code: "aborted" });
  t.same(lines, [upid], "told while it runs");
  const { waitFor } = await import("../../lib/wait.ts");
  const { readTextIfAny } = await import("../../lib/files.ts");
  const text = await waitFor(() => readTextIfAny(mark), { what: mark, timeout: 20_000 });
  t.equal(text, "a  b\n");
  const watched = await run(command, args, { accept: [3] });
  t.equal(watched.stdout, `${upid}\n`, "then it is the task that is asked");
  const [quick = "", ...rest] = beginTask(["sh", "-c", "echo log; echo why >&2; exit 2"]);
  t.same(await run(quick, rest, { accept: [2] }), { stdout: "log\n", stderr: "why\n", code: 2 });
});

t.test("which way: as asked; SSH for a user's address; the node itself where it is one; else the API", async (t) => {
  const bin = t.testdir({ pvesh: "" });
  const node = { PATH: `/none:${bin}` };
  t.equal(await chooseWay({}, node), "api", "what can't be run is no pvesh");
  await chmod(join(bin, "pvesh"), 0o755);
  t.equal(await chooseWay({}, node), "local");
  t.equal(await chooseWay({}, { PATH: "/none" }), "api");
  t.equal(await chooseWay({ to: "pve2" }, node), "api");
  t.equal(await chooseWay({}, { ...node, DEPLOY_TO: "pve2" }), "api");
  t.equal(await chooseWay({ to: "root@pve2" }, node), "ssh");
  t.equal(await chooseWay({ via: "ssh", to: "pve2" }, {}), "ssh");
  t.equal(await chooseWay({ via: "api" }, { ...node, DEPLOY_VIA: "ssh" }), "api");
  await t.rejects(chooseWay({ via: "telnet" }, {}), { code: "bad-way", exit: 64, hint: "one of api, ssh, local" });
});

t.test("a flag that means nothing on the way taken is refused, not passed over", async (t) => {
  await t.rejects(whoAsks({ via: "ssh", to: "pve1", user: "root@pam" }), {
    code: "other-way",
    exit: 64,
    hint: /--to root@pve1/,
  });
  await t.rejects(whoAsks({ to: "root@pve1", tokenFile: "x" }), { code: "other-way" });
  await t.rejects(whoAsks({ via: "local", to: "pve1" }), { code: "other-way" });
  await t.rejects(whoAsks({ via: "api", to: "pve1", identity: "x" }), { code: "other-way" });
});

t.test(
  "whoever is not root there, and what is no Proxmox node, are told before anything is asked",
  needsRoot,
  async (t) => {
    const by = await nodeBy(t, "ssh");
    const path = await by.template();
    const bin = join(by.folder, "door/bin");
    await writeFile(join(bin, "id"), "#!/bin/sh\ncase $1 in -u) echo 1000 ;; *) echo ann ;; esac\n", { mode: 0o755 });
    await t.rejects(by.deploy(path), {
      code: "not-root",
      message: /^ann is not the node's root/,
      hint: /--to root@pve1.*token/,
    });
    await rm(join(bin, "pvesh"));
    await t.rejects(by.deploy(path), { code: "no-proxmox" });
    t.same(by.node.state.carriedOut, []);
  },
);

t.test(
  "over SSH a node is asked for itself only: another one of the cluster has its own root",
  needsRoot,
  async (t) => {
    const by = await nodeBy(t, "ssh");
    by.node.state.nodes.push("pve2");
    const ended = by.deploy(await by.template(), { target: { node: "pve2" } });
    await t.rejects(ended, { code: "other-node", hint: /--to root@pve2/, exit: 64 });
  },
);
