import { join } from "node:path";
import t, { type Test } from "tap";
import { isStackError } from "../../lib/error.ts";
import { run } from "../../lib/run.ts";
import { openShellDoor } from "../node/shell-door.ts";
import { type DeployHow, paperNode } from "./paper-node.ts";

t.setTimeout(300_000);
const needsRoot = { skip: process.getuid?.() === 0 ? false : "pveum is root's alone: sudo npm test" };

// The commands that deploy-template prints, run as they are printed.

const asFarAsPaperGoes = { code: "no-address" };

async function guarded(t: Test) {
  const paper = await paperNode(t);
  const door = await openShellDoor(paper.node, join(paper.folder, "door"));
  t.teardown(() => door.close());
  const path = await paper.template();
  return {
    ...paper,
    deploy: (how: DeployHow) => paper.deploy(path, how),
    /** What a refusal tells to be typed on the node. */
    refusal: async (how: DeployHow): Promise<string> => {
      const error: unknown = await paper.deploy(path, how).catch((reason: unknown) => reason);
      if (!isStackError(error)) throw new Error("it goes on");
      const fixes = error.detail.map((line) => line.replace(/^ +(fix: )?/, ""));
      return [...(error.hint ?? "").split("\n"), ...fixes].filter((line) => /^(pveum|#) ?/.test(line)).join("\n");
    },
    type: (commands: string) =>
      run("sh", ["-e", "-c", commands], { env: { PATH: `${door.bin}:${process.env.PATH}` }, timeout: 60_000 }),
  };
}

const nothing = {};

t.test(
  "a token without rights of a user without rights: as printed, and printed again, it helps",
  needsRoot,
  async (t) => {
    const { node, deploy, refusal, type } = await guarded(t);
    node.access.addUser("ann@pve", "a password", nothing);
    const token = node.access.addToken("ann@pve!ci", nothing);
    const commands = await refusal({ token });
    await type(commands);
    await type(commands);
    await t.rejects(deploy({ token }), asFarAsPaperGoes);
  },
);

t.test("a token that has its user's rights, which are none: it is the user who is granted", needsRoot, async (t) => {
  const { node, deploy, refusal, type } = await guarded(t);
  node.access.addUser("ann@pve", "a password", nothing);
  const token = node.access.addToken("ann@pve!ci", nothing, { shared: true });
  await type(await refusal({ token }));
  await t.rejects(deploy({ token }), asFarAsPaperGoes);
});

t.test("what is inherited on a path is not lost by what is granted there", needsRoot, async (t) => {
  const { node, deploy, refusal, type } = await guarded(t);
  const all = { "/storage": ["Datastore.AllocateTemplate", "Datastore.Audit", "Datastore.AllocateSpace"] };
  const token = node.access.addToken("root@pam!ci", { ...all, "/vms": ["VM.Audit"], "/sdn": ["SDN.Use"] });
  await type(await refusal({ token }));
  await t.rejects(deploy({ token }), asFarAsPaperGoes);
});

t.test("a role that is there already gets what the next deployment needs", needsRoot, async (t) => {
  const { node, deploy, refusal, type } = await guarded(t);
  const token = node.access.addToken("root@pam!ci", nothing);
  await type('pveum role add StackDeployer --privs "VM.Audit"');
  await type(await refusal({ token }));
  await t.rejects(deploy({ token }), asFarAsPaperGoes);
});

t.test(
  "rights on a container go with it, and that is told; on its pool they stay for the next",
  needsRoot,
  async (t) => {
    const { node, deploy, refusal, type, cli, to } = await guarded(t);
    const token = node.access.addToken("root@pam!ci", nothing);
    const destroy = () => cli(["destroy", "--to", to, "--vmid", "120", "--yes"], { env: { PROXMOX_TOKEN: token } });
    await type(await refusal({ token }));
    await t.rejects(deploy({ token }), asFarAsPaperGoes);
    t.match(await destroy(), {
      code: 0,
      stderr:
        /warning: what root@pam!ci was granted on \/vms\/120 went with it: VM\.Allocate .*\n.* \/pool\/NAME with --pool/,
    });
    await t.rejects(deploy({ token }), { code: "missing-privileges", message: /\/vms\/120: VM\.Allocate/ });

    const set = ["deploy.pool=team/prod"];
    const pooled = await refusal({ token, set });
    t.match(pooled, /^pveum acl modify \/pool\/team\/prod --tokens 'root@pam!ci'/m);
    t.notMatch(pooled, /\/vms\//);
    await type(pooled);
    await type("pveum pool add team/prod");
    await t.rejects(deploy({ token, set }), asFarAsPaperGoes);
    t.same([...(node.access.pools.get("team/prod") ?? [])], [120]);
    t.notMatch((await destroy()).stderr, /went with it/);
    await t.rejects(deploy({ token, set }), asFarAsPaperGoes);
  },
);

t.test(
  "a pool that isn't there is refused with the command that makes it, before a byte is sent",
  needsRoot,
  async (t) => {
    const { node, deploy, refusal, type } = await guarded(t);
    const set = ["deploy.pool=prod"];
    await t.rejects(deploy({ set }), { code: "no-pool", hint: "pveum pool add prod" });
    t.same(
      node.state.carriedOut.filter((what) => !what.startsWith("GET ")),
      [],
    );
    await type(await refusal({ set }));
    await t.rejects(deploy({ set }), asFarAsPaperGoes);
  },
);
