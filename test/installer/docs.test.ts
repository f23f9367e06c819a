import { readFileSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { basename, join, resolve } from "node:path";
import t from "tap";
import { neededPrivileges } from "../../installer/preflight/privileges.ts";
import { run } from "../../lib/run.ts";
import { openSshServer } from "../node/ssh-server.ts";
import type { StandInGuest } from "../node/stand-in-state.ts";
import { wantedOf } from "./facts.ts";
import { smallPackage } from "./host/small-package.ts";
import { nodeBy } from "./node-by.ts";
import { paperNode, vmid } from "./paper-node.ts";

t.setTimeout(600_000);

const project = resolve(import.meta.dirname, "../..");
const page = readFileSync(join(project, "docs/deploy.md"), "utf8");
const commands = [...page.matchAll(/^```sh\n([^`]*)^```$/gm)].flatMap(([, text = ""]) => text.trim().split("\n"));
/** Those that only root's own sshd and pvesh can answer. */
const shell = /root@pve1|--via ssh|build-template deployer/;
const root = process.getuid?.() === 0;

const toHost = (command: string): boolean => command.includes(" --host ");

t.test("every command of docs/deploy.md does what the page says, as it is written there", async (t) => {
  t.ok(commands.length >= 12);
  const by = root ? await nodeBy(t, "ssh") : undefined;
  const paper = by ?? (await paperNode(t));
  const second = await paperNode(t, { node: "pve2", joins: paper.node });
  const home = paper.folder;
  await mkdir(join(home, "dist"), { recursive: true });
  await mkdir(join(home, "var-tmp"));
  const template = await paper.template(
    "name: stock-analysis\nversion: 1.0.0\npostgres: {}\nredis: {}\nrabbitmq: {}\nservices:\n  hello: { port: 8001 }\n",
  );
  await copyFile(template, join(home, "dist", basename(template)));
  await writeFile(join(home, ".proxmox-token"), paper.own, { mode: 0o600 });
  await copyFile(paper.identity.caFile, join(home, "pve-root-ca.pem"));
  paper.node.access.addUser("root@pam", "a password");
  paper.node.access.pools.set("prod", new Set());
  const ssh = String(by?.target.to ?? "").replace("root@", "");
  if (by !== undefined) await copyFile(join(home, ".ssh/id_ed25519"), join(home, ".ssh/pve1"));
  await writeFile(join(home, "ssh_config"), sshConfig(home, ssh));

  for (const command of commands.filter((one) => !toHost(one))) {
    if (shell.test(command) && !root) {
      t.pass(command, { skip: "pvesh is root's alone: sudo npm test" });
      continue;
    }
    for (const { state } of [paper.node, second.node]) state.guests.clear();
    const destroys = command.startsWith("deploy-template destroy");
    if (destroys) paper.node.state.guests.set(vmid, { ...ours });
    const several = command.includes("--to pve1,pve2");
    const deploys = !destroys && !/^(build-template|scp)/.test(command) && !command.includes("--dry-run");
    const typed = [
      // Nobody is there to be asked; and nothing on paper ever has an address to be waited for.
      destroys ? command.replace("destroy", "destroy --yes") : deploys ? withTimeout(command) : command,
    ]
      .map((text) =>
        text
          // First: the checkout may lie there itself.
          .replaceAll("/var/tmp/", join(home, "var-tmp/"))
          .replace(/^(deploy|build)-template/, join(project, "bin", "$1-template"))
          .replace(/^(scp|ssh) /, `$1 -F ${join(home, "ssh_config")} `)
          .replace("--to root@pve1", `--to root@${ssh}`)
          .replace("--to pve1 --via ssh", `--to ${ssh} --via ssh`)
          .replace("--to pve1,pve2", `--to ${paper.to},${second.to} --node pve1,pve2`)
          .replace("--to pve1", `--to ${paper.to}`),
      )
      .join();
    const authorities = several ? `${paper.identity.caFile},${second.identity.caFile}` : paper.identity.caFile;
    const { stdout, stderr, code } = await run("sh", ["-c", typed], {
      ...{ cwd: home, accept: [0, 1, 64], timeout: 120_000 },
      env: {
        ...{ PATH: process.env.PATH, HOME: home, PROXMOX_TOKEN: paper.own, PROXMOX_PASSWORD: "a password" },
        DEPLOY_CA_FILE: command.includes("--ca-file") ? undefined : authorities,
        // A node that is an address of digits has no name that its address begins with.
        ...(!/--node|pve1,pve2|root@pve1|--via ssh|build-template/.test(command) && { DEPLOY_NODE: "pve1" }),
      },
    });
    const running = [paper.node, second.node].flatMap(({ state }) => [...state.guests.values()]);
    if (destroys) {
      t.equal(code, 0, `${command}\n${stderr}`);
      t.same(running, [], command);
    } else if (deploys) {
      // As far as paper goes: the container runs, and has no address.
      t.match(stderr, /\[no-address\]/, command);
      t.equal(code, 1, command);
      t.ok(running.length > 0 && running.every(({ status }) => status === "running"), `${command}: containers run`);
    } else {
      t.equal(code, 0, `${command}\n${stderr}`);
      if (command.includes("--dry-run")) {
        t.match(stdout, /(1\. send .*\n2|1)\. create container \d+\n\d\. start/, command);
        t.same(running, [], command);
      }
    }
  }
});

const ours: StandInGuest = {
  ...{ vmid, type: "lxc", node: "pve1", lock: undefined, status: "stopped" },
  config: {
    hostname: "stock-analysis",
    tags: "proxmox-stack;stock-analysis;1.0.0-00000000",
    rootfs: "local-lvm:vm-120-disk-0",
  },
};

function withTimeout(command: string): string {
  return command.endsWith("'") && command.startsWith("ssh ")
    ? command.replace(/'$/, " --timeout 1'")
    : `${command} --timeout 1`;
}

/** What a user has who calls the node by its name: pve1 is the stand-in's sshd. */
function sshConfig(home: string, address: string): string {
  const [host, port] = address.split(":");
  const lines = [
    `HostName ${host}`,
    `Port ${port}`,
    `IdentityFile ${join(home, ".ssh/id_ed25519")}`,
    `UserKnownHostsFile ${join(home, ".ssh/known_hosts")}`,
    "BatchMode yes",
  ];
  return `Host pve1\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

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
      .replace("deploy-template", join(project, "bin/deploy-template"))
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
