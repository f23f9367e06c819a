import { readFileSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { basename, join, resolve } from "node:path";
import t from "tap";
import { neededPrivileges } from "../../installer/preflight/privileges.ts";
import { run } from "../../lib/run.ts";
import { openSshServer } from "../node/ssh-server.ts";
import { wantedOf } from "./facts.ts";
import { smallPackage } from "./host/small-package.ts";
import { paperNode, vmid } from "./paper-node.ts";

t.setTimeout(300_000);

const page = readFileSync(join(import.meta.dirname, "../../docs/deploy.md"), "utf8");
const commands = [...page.matchAll(/^```sh\n([^`]*)^```$/gm)].flatMap(([, text = ""]) => text.trim().split("\n"));
const launcher = resolve(import.meta.dirname, "../../bin/deploy-template");

const toHost = (command: string): boolean => command.includes(" --host ");

t.test("every command of docs/deploy.md does what the page says, as it is written there", async (t) => {
  const paper = await paperNode(t);
  const second = await paperNode(t, { node: "pve2", joins: paper.node });
  const home = join(paper.folder, "home");
  await mkdir(join(home, "dist"), { recursive: true });
  const template = await paper.template(
    "name: stock-analysis\nversion: 1.0.0\npostgres: {}\nredis: {}\nrabbitmq: {}\nservices:\n  hello: { port: 8001 }\n",
  );
  await copyFile(template, join(home, "dist", basename(template)));
  await writeFile(join(home, ".proxmox-token"), paper.own, { mode: 0o600 });
  await copyFile(paper.identity.caFile, join(home, "pve-root-ca.pem"));
  paper.node.access.addUser("root@pam", "a password");
  const ours = {
    hostname: "stock-analysis",
    tags: "proxmox-stack;stock-analysis;1.0.0-00000000",
    rootfs: "local-lvm:vm-120-disk-0",
  };
  t.ok(commands.length >= 7);
  for (const command of commands.filter((one) => !toHost(one))) {
    const destroys = command.startsWith("deploy-template destroy");
    if (destroys)
      paper.node.state.guests.set(vmid, {
        vmid,
        type: "lxc",
        node: "pve1",
        config: ours,
        lock: undefined,
        status: "stopped",
      });
    else paper.node.state.guests.clear();
    // On paper nothing becomes healthy: what would be done is as far as it goes.
    const dry = command.includes("--dry-run") ? "" : " --dry-run";
    const several = command.includes("--to pve1,pve2");
    const typed = command
      .replace("deploy-template", launcher)
      .replace("--to pve1,pve2", `--to ${paper.to},${second.to} --node pve1,pve2`)
      .replace("--to pve1", `--to ${paper.to}`);
    const authorities = several ? `${paper.identity.caFile},${second.identity.caFile}` : paper.identity.caFile;
    // A node that is an address of digits has no name that its address begins with.
    const node = /--node|pve1,pve2/.test(command) ? {} : { DEPLOY_NODE: "pve1" };
    const env = {
      PATH: process.env.PATH,
      HOME: home,
      PROXMOX_TOKEN: paper.own,
      PROXMOX_PASSWORD: "a password",
      ...node,
    };
    const { stdout, stderr, code } = await run("sh", ["-c", `${typed}${dry}`], {
      ...{ cwd: home, accept: [0, 1, 64] },
      env: { ...env, DEPLOY_CA_FILE: command.includes("--ca-file") ? undefined : authorities },
    });
    t.equal(code, 0, `${command}\n${stderr}`);
    t.match(stdout, destroys ? /nothing was changed/ : /1\. send .*\n2\. create container \d+\n3\. start/, command);
  }
});

t.test("so do those to a plain host, which this machine stands for: it is looked at only", async (t) => {
  const home = await mkdtemp(join(tmpdir(), "stack-docs-"));
  const server = await openSshServer({ folder: join(home, "sshd") });
  t.teardown(async () => {
    await server.close();
    await rm(home, { recursive: true, force: true });
  });
  await mkdir(join(home, "dist"));
  await mkdir(join(home, ".ssh"), { mode: 0o700 });
  await copyFile(await smallPackage(home), join(home, "dist/stack-agent-stock-analysis_1.0.0_amd64.deb"));
  await copyFile(server.identity, join(home, ".ssh/id_ed25519"));
  const key = await readFile(server.hostKeys[0], "utf8");
  await writeFile(join(home, ".ssh/known_hosts"), `[${server.host}]:${server.port} ${key}`);
  const there = commands.filter(toHost);
  t.ok(there.length >= 2);
  for (const command of there) {
    const typed = command
      .replace("deploy-template", launcher)
      .replace("root@server", `${userInfo().username}@${server.host}:${server.port}`);
    const dry = command.includes("--dry-run") ? "" : " --dry-run";
    const env = { PATH: process.env.PATH, HOME: home };
    const options = { cwd: home, env, accept: [0, 1] };
    const { stdout, stderr, code } = await run("sh", ["-c", `${typed}${dry}`], options);
    // Whether this machine could have the stack is its own affair.
    const end = code === 0 ? /1\. send .*\n2\. stack-agent provision\n3\. wait/ : /^refused: .* \[[a-z-]+\]$/m;
    t.match(stdout, end, `${command}\n${stderr}`);
    t.match(stdout, /nothing was changed\n$/);
  }
});

t.test("its table of privileges is what is asked for", async (t) => {
  const { settings } = wantedOf();
  const rows = [...page.matchAll(/^\| `(\/[^`]+)` \| (.*) \|$/gm)].map(([, path = "", privileges = ""]) => {
    const names = privileges.split(", ").map((name) => (name.startsWith(".") ? `VM.Config${name}` : name));
    return [
      path
        .replace("TEMPLATE-STORAGE", "local")
        .replace("/STORAGE", "/local-lvm")
        .replace("VMID", "120")
        .replace("BRIDGE", "vmbr0"),
      names.sort(),
    ];
  });
  const needed = Object.entries(neededPrivileges({ settings, vmid: 120, volumes: [] }, "8.4.1")).map(
    ([path, names]) => [path, [...names].sort()],
  );
  t.same(rows, needed);
});
