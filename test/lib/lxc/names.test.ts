import t from "tap";
import { compressionFlag } from "../../../lib/lxc/compression-flag.ts";
import { isOrphan, ownerOf, runName } from "../../../lib/lxc/run-name.ts";
import { allowsMapping } from "../../../lib/lxc/subordinate-ids.ts";

t.test("a template's suffix decides tar's flag, and what Proxmox refuses is refused", async (t) => {
  const flags = { "a.tar.gz": ["-z"], "a.tar.zst": ["--zstd"], "a.tar.xz": ["-J"], "a.tar.bz2": ["-j"], "a.tar": [] };
  for (const [name, flag] of Object.entries(flags)) t.strictSame(compressionFlag(`/x/${name}`), flag, name);
  for (const name of ["a.tgz", "a.zip", "tar.gz", ".tar.gz", "a.tar.lz4"]) {
    t.throws(() => compressionFlag(name), {
      code: "template-name",
      message: `unable to parse directory volume name 'vztmpl/${name}'`,
    });
  }
});

t.test("names of ours carry their owner, and only a dead owner's are orphans", async (t) => {
  t.equal(ownerOf(runName(42)), 42);
  t.not(runName(), runName());
  t.notOk(isOrphan(runName()));
  // Above the kernel's largest pid.
  t.ok(isOrphan(runName(5_000_000)));
  for (const name of ["eth0", "stackct-1", "stackct-x-abcdef", "my-stackct-1-abcdef"])
    t.equal(ownerOf(name), undefined);
});

t.test("root may map exactly what covers the container's ids", async (t) => {
  t.ok(allowsMapping("user:100000:65536\nroot:100000:65536\n"));
  t.ok(allowsMapping("root:1:1000000"));
  t.notOk(allowsMapping(""));
  t.notOk(allowsMapping("root:165536:65536\nuser:100000:65536"));
  t.notOk(allowsMapping("root:100000:1000"));
});
