import { spawn } from "node:child_process";
import { chmod, copyFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import t from "tap";
import { settings } from "../../installer/wanted/settings.ts";
import { paperNode, program } from "./paper-node.ts";

t.setTimeout(300_000);

const paper = await paperNode(t);
const path = await paper.template();

t.test("--help names every setting with its variable, every exit code, and no way to type a secret", async (t) => {
  const { stdout, code } = await paper.cli(["--help"]);
  t.equal(code, 0);
  const plain = stdout.replace(/\s+/g, " ");
  for (const { flag, variable } of settings) {
    t.ok(plain.includes(flag), flag);
    t.ok(plain.includes(`(env: ${variable})`), variable);
  }
  t.match(plain, /Exit codes: 0 healthy, 1 failed or refused, 2 degraded, 64 .* 130 .* 143/);
  t.notMatch(plain, /--(token|password|secret)[ =]/);
  t.match((await paper.cli(["destroy", "--help"])).stdout, /--yes/);
});

t.test("--dry-run --json is one object; with refusals it ends with 1 and has each with its fix", async (t) => {
  const args = [path, "--to", paper.to, "--dry-run", "--json", "--bridge", "vmbr9", "--storage", "ceph"];
  const { stdout, code } = await paper.cli(args);
  t.equal(code, 1);
  t.match(JSON.parse(stdout), {
    schemaVersion: 1,
    ...{ node: "pve1", vmid: 100, template: basename(path), steps: [] },
    refusals: [
      { code: "no-storage", fix: "--storage local-lvm" },
      { code: "no-bridge", fix: String },
    ],
  });
});

t.test("a setting comes from --set, else from its flag, else from its variable, else from the template", async (t) => {
  const own = await paper.template(
    "name: shop\nversion: 1.0.0\ncontainer: { cores: 3 }\ndeploy: { vmid: 201, bridge: vmbr0 }\nservices:\n  hello: { port: 8001 }\n",
  );
  const created = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const { stdout } = await paper.cli([own, "--dry-run", "--json", ...args], { env: { DEPLOY_TO: paper.to, ...env } });
    return (JSON.parse(stdout) as { create: Record<string, unknown> }).create;
  };
  t.match(await created([]), { vmid: 201, cores: 3 });
  t.match(await created([], { DEPLOY_VMID: "202" }), { vmid: 202 });
  t.match(await created(["--vmid", "203"], { DEPLOY_VMID: "202" }), { vmid: 203 });
  t.match(await created(["--vmid", "203", "--set", "deploy.vmid=204", "--set", "container.cores=2"]), {
    vmid: 204,
    cores: 2,
  });
  t.match(await created(["--hostname", "007"]), { hostname: "007" }, "a text stays one");
});

t.test("the node and the way to it may be in the template: nothing need be said", async (t) => {
  const stack = (deploy: string) => `name: shop\nversion: 1.0.0\n${deploy}\nservices:\n  hello: { port: 8001 }\n`;
  const asked = async (deploy: string, ...args: string[]) => {
    const { stdout, code } = await paper.cli([await paper.template(stack(deploy)), "--dry-run", "--json", ...args]);
    t.not(code, 0);
    return JSON.parse(stdout) as object;
  };
  const nobody = { code: "node-unreachable", message: /root@127\.0\.0\.1:1 does not answer/ };
  t.match(await asked("deploy: { to: root@127.0.0.1:1 }"), nobody);
  t.match(await asked("deploy: { to: 127.0.0.1:1, via: ssh }"), nobody);
  t.match(await asked("deploy: { to: 127.0.0.1:1, via: ssh }", "--via", "api"), {
    message: /^https:\/\/127\.0\.0\.1:1 /,
  });
  t.match(await asked("deploy: { to: 127.0.0.1:1 }", "--via", "telnet"), {
    detail: [/^--via: must be api, ssh or local/],
  });
});

t.test("a bad setting is told by the name it was given with, with exit code 64", async (t) => {
  const bad = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const { stderr, code } = await paper.cli([path, ...args], { env });
    t.equal(code, 64, stderr);
    return stderr;
  };
  t.match(await bad(["--to", paper.to, "--vmid", "99"]), /^ *--vmid: .*Proxmox begins at 100/m);
  t.match(await bad([], { DEPLOY_TO: "http://pve1" }), /^ *DEPLOY_TO: must be like pve1/m);
  t.match(await bad(["--hostname", "a_b"]), /^ *--hostname: must be a host name/m);
  t.match(await bad(["--set", "deploy.colour=red"]), /--set deploy\.colour/);
  t.match(await bad([]), /nothing says which node \[no-node\]/);
  t.match(await bad(["--nonsense"]), /unknown option/);
  t.match(await bad(["--to", paper.to], { PROXMOX_TOKEN: "root@pam!x=1" }), /\[bad-token\]/);
});

t.test("what is no template of ours is refused before the node is asked anything", async (t) => {
  const before = paper.node.state.carriedOut.length;
  const refused = async (file: string) => {
    const { stdout, stderr, code } = await paper.cli([file, "--to", paper.to, "--json"]);
    t.equal(code, 64, stderr);
    const error = JSON.parse(stdout) as { code: string };
    t.match(stderr, `[${error.code}]`, "and for people");
    return error.code;
  };
  t.equal(await refused(join(paper.folder, "none.tar.gz")), "no-template");
  const other = join(paper.folder, "alpine.tar.gz");
  await writeFile(other, "x");
  t.equal(await refused(other), "template-name");
  const broken = join(paper.folder, "debian-12-shop_1.0.0-00000000_amd64.tar.gz");
  await writeFile(broken, "x");
  t.equal(await refused(broken), "foreign-template");
  const copied = join(paper.folder, basename(path).replace("_1.0.0-", "_1.0.1-"));
  await copyFile(path, copied);
  await writeFile(`${copied}.sha256`, `${"0".repeat(64)}  ${basename(copied)}\n`);
  t.equal(await refused(copied), "damaged-template");
  t.equal(paper.node.state.carriedOut.length, before);
});

t.test("a token file is taken only where nobody else can read it", async (t) => {
  const tokenFile = join(paper.folder, "token");
  await writeFile(tokenFile, paper.own, { mode: 0o600 });
  const args = [path, "--to", paper.to, "--dry-run", "--token-file", tokenFile];
  t.equal((await paper.cli(args, { env: { PROXMOX_TOKEN: undefined } })).code, 0);
  await chmod(tokenFile, 0o644);
  const open = await paper.cli(args);
  t.equal(open.code, 64);
  t.match(open.stderr, /\[open-token-file\]/);
});

t.test("destroy on a terminal wants the container's name", async (t) => {
  const shop = { hostname: "shop", tags: "proxmox-stack;shop;1.0.0-00000000", rootfs: "local-lvm:vm-160-disk-0" };
  paper.node.state.guests.set(160, {
    vmid: 160,
    type: "lxc",
    node: "pve1",
    lock: undefined,
    status: "stopped",
    config: shop,
  });
  const typed = async (name: string): Promise<string> => {
    const command = `${process.execPath} ${program} destroy --to ${paper.to} --vmid 160`;
    const env = {
      PATH: process.env.PATH,
      HOME: paper.folder,
      PROXMOX_TOKEN: paper.own,
      DEPLOY_CA_FILE: paper.identity.caFile,
    };
    const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], { env });
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (!said.includes("Type its name") && (said + text).includes("Type its name")) child.stdin.write(`${name}\r`);
      said += text;
    });
    await new Promise((resolve) => child.once("close", resolve));
    return said;
  };
  t.match(await typed("web"), /not-confirmed/);
  t.ok(paper.node.state.guests.has(160));
  t.match(await typed("shop"), /container 160 is deleted/);
  t.notOk(paper.node.state.guests.has(160));
});
