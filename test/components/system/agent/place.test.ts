import t from "tap";
import { hasMoved, isTwin, lookAtPlace } from "../../../../components/system/agent/place.ts";
import type { Place } from "../../../../engine/state/state.ts";

/** A container as it sees itself: where its root is, by mountinfo, and its cards. */
function look(root: string, source: string, more: Readonly<Record<string, string>> = {}) {
  const files: Readonly<Record<string, string>> = {
    "/proc/self/mountinfo": [
      `1 2 7:1 ${root} / rw,relatime shared:1 master:2 - ext4 ${source} rw`,
      "3 1 0:5 / /proc rw - proc proc rw",
      "",
    ].join("\n"),
    "/proc/net/dev": "Inter-|   Receive\n face |bytes\n    lo:  1\n  eth0: 100 2\n",
    "/sys/class/net/lo/address": "00:00:00:00:00:00\n",
    "/sys/class/net/eth0/address": "bc:24:11:00:00:01\n",
    ...more,
  };
  return lookAtPlace({ readText: async (path) => files[path] });
}

t.test(
  "a container on Proxmox knows its number by its root's volume, on every kind of storage that names one",
  async (t) => {
    const cards = ["bc:24:11:00:00:01"];
    const of120 = { guest: "120", cards };
    t.same(await look("/", "/dev/mapper/pve-vm--120--disk--0"), of120, "LVM");
    t.same(await look("/", "rpool/data/subvol-120-disk-1"), of120, "ZFS");
    t.same(await look("/images/120/subvol-120-disk-0.subvol", "/dev/sda3"), of120, "a folder");
    const file = { "/sys/block/loop3/loop/backing_file": "/var/lib/vz/images/120/vm-120-disk-0.raw\n" };
    t.same(await look("/", "/dev/loop3", file), of120, "an image");
    t.equal(await look("/", "/dev/rbd0"), undefined, "Ceph");
    t.equal(await look("/", "/dev/vda1"), undefined, "no Proxmox");
    t.equal(await look("/srv/vm-images/disk", "/dev/vda1"), undefined);
  },
);

const at = (guest: string, ...cards: string[]): Place => ({ guest, cards });

t.test("only another number with other cards is a twin", async (t) => {
  const known = at("120", "a", "b");
  const table: [Place | undefined, twin: boolean, moved: boolean, string][] = [
    [at("120", "a", "b"), false, false, "the same"],
    [at("121", "c"), true, true, "restored with --unique under another number"],
    [at("120", "c"), false, true, "net0 was set anew"],
    [at("121", "a", "b"), false, true, "a lost container restored under another number"],
    [at("121", "b", "c"), false, true, "one card is another"],
    [at("120"), false, false, "no card at all"],
    [at("121"), false, true, "no card to tell it by"],
    [undefined, false, false, "the number can't be seen"],
  ];
  for (const [here, twin, moved, what] of table) {
    t.equal(isTwin(known, here), twin, what);
    t.equal(hasMoved(known, here), moved, `${what}: noted`);
  }
  t.equal(isTwin(undefined, known), false, "nothing is remembered");
  t.equal(hasMoved(undefined, known), true);
});
