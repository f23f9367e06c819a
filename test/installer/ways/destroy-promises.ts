import type { NodeBy } from "../node-by.ts";
import { vmid } from "../paper-node.ts";
import { type Promised, writes } from "./promised.ts";

function ours(by: NodeBy): void {
  by.node.state.guests.set(vmid, {
    ...{ vmid, type: "lxc", node: "pve1", lock: undefined, status: "running" },
    config: {
      hostname: "shop",
      tags: "proxmox-stack;shop;1.0.0-00000000",
      rootfs: "local-lvm:vm-120-disk-0,size=50G",
      mp0: "local-lvm:vm-120-disk-1,mp=/data,size=8G",
    },
  });
}

const named = "this would be deleted:\n  rootfs local-lvm:vm-120-disk-0 (50G)\n  mp0 local-lvm:vm-120-disk-1 (8G)\n";

export const destroyPromises: readonly Promised[] = [
  {
    promise: "destroy names the volumes; --dry-run, and nobody to ask, delete nothing",
    keep: async (t, by) => {
      ours(by);
      t.same(await by.cli(["destroy", "--vmid", "120", "--dry-run"]), {
        ...{ stdout: "nothing was changed\n", stderr: named, code: 0 },
      });
      const asked = await by.cli(["destroy", "--vmid", "120"]);
      t.equal(asked.code, 64);
      t.match(asked.stderr, /\[no-terminal\]/);
      t.equal(writes(by), 0);
    },
  },
  {
    promise: "destroy --yes stops and deletes; again there is nothing to do",
    keep: async (t, by) => {
      ours(by);
      const { stdout, code } = await by.cli(["destroy", "--vmid", "120", "--yes"]);
      t.equal(code, 0);
      t.equal(stdout, "container 120 is deleted\n");
      t.equal(by.node.state.guests.size, 0);
      const again = await by.cli(["destroy", "--vmid", "120", "--yes"]);
      t.match(again, { code: 0, stdout: "there is no container 120: nothing to do\n" });
    },
  },
  {
    promise: "destroy leaves what deploy-template did not make alone",
    keep: async (t, by) => {
      ours(by);
      const guest = by.node.state.guests.get(vmid);
      if (guest !== undefined) guest.config.tags = "shop";
      const { stderr, code } = await by.cli(["destroy", "--vmid", "120", "--yes"]);
      t.equal(code, 1);
      t.match(stderr, /120 was not made by deploy-template, and is left alone \[not-ours\]/);
      t.equal(writes(by), 0);
    },
  },
];
