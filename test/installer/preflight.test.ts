import t from "tap";
import { plan } from "../../installer/flow/plan.ts";
import { checks } from "../../installer/preflight/checks.ts";
import type { Facts } from "../../installer/preflight/facts.ts";
import { assertPossible, preflight } from "../../installer/preflight/preflight.ts";
import { grants, neededPrivileges } from "../../installer/preflight/privileges.ts";
import { isStackError } from "../../lib/error.ts";
import { goodFacts, own, wantedOf } from "./facts.ts";

const [local, lvm] = goodFacts.storages;
const storages = (changes: { local?: object; lvm?: object }) =>
  [
    { ...local, ...changes.local },
    { ...lvm, ...changes.lvm },
  ] as Facts["storages"];
const creation = { upid: "UPID:pve1:0:0:0:vzcreate:120:root@pam!ci:", user: "root@pam!ci" };

/** A database whose data has a volume. */
const volume = ["postgres={}", "container.volumes.postgres=20GiB"];

interface Row {
  readonly why: string;
  readonly facts: Partial<Facts>;
  readonly set?: readonly string[];
  /** The refusal's code and what its fix must name; none: it goes on. */
  readonly refusal?: readonly [code: string, fix: RegExp];
  readonly warning?: string;
}

const rows: readonly Row[] = [
  { why: "nothing speaks against it", facts: {} },
  { why: "PVE 7", facts: { version: "7.4-17" }, refusal: ["old-proxmox", /8 or 9/] },
  {
    why: "IPv6 alone, from a router, on a node that does not tell it",
    facts: {},
    set: ["container.network={address6: auto}"],
    warning: "untold-address",
  },
  {
    why: "IPv6 alone, by DHCP, on a node that does not tell it",
    facts: {},
    set: ["container.network={address6: dhcp}"],
    warning: "untold-address",
  },
  {
    why: "IPv6 alone, by DHCP, on a node that tells it",
    facts: { version: "9.2.11" },
    set: ["container.network={address6: dhcp}"],
  },
  { why: "IPv6 alone, a fixed one", facts: {}, set: ["container.network={address6: fd00::120/64}"] },
  { why: "IPv6 beside IPv4", facts: {}, set: ["container.network={address: dhcp, address6: auto}"] },
  {
    why: "an arm64 node",
    facts: { machine: { cores: 8, memory: 32 * 1024 ** 3, machine: "aarch64" } },
    refusal: ["other-architecture", /processor/],
  },
  {
    why: "fewer cores than the container asks for, which Proxmox takes",
    facts: { machine: { cores: 2, memory: 32 * 1024 ** 3, machine: "x86_64" } },
    warning: "too-much-cores",
  },
  {
    why: "less memory than the container asks for, which Proxmox takes",
    facts: { machine: { cores: 8, memory: 4 * 1024 ** 3, machine: "x86_64" } },
    warning: "too-much-memory",
  },
  { why: "the machine can't be seen", facts: { machine: undefined }, warning: "unknown-machine" },
  {
    why: "privileges are missing",
    facts: { missing: { "/vms/120": ["VM.Allocate"] } },
    refusal: ["missing-privileges", /pveum acl modify \/vms\/120 --tokens 'root@pam!ci' --roles StackDeployer/],
  },
  {
    why: "no template storage",
    facts: {},
    set: ["deploy.templateStorage=nfs"],
    refusal: ["no-storage", /--template-storage local/],
  },
  {
    why: "the template storage takes no templates",
    facts: { storages: storages({ local: { content: ["iso"] } }) },
    refusal: ["storage-content", /pvesm set local --content iso,vztmpl/],
  },
  {
    why: "the template storage can't be reached",
    facts: { storages: storages({ local: { active: false } }) },
    refusal: ["storage-inactive", /pvesm status/],
  },
  {
    why: "the disk storage is disabled",
    facts: { storages: storages({ lvm: { active: false, enabled: false } }) },
    refusal: ["storage-inactive", /^pvesm set local-lvm --disable 0$/],
  },
  {
    why: "the template storage is another node's",
    facts: { storages: storages({ local: { active: false, enabled: false, nodes: ["pve2", "pve3"] } }) },
    refusal: ["storage-inactive", /^pvesm set local --nodes pve2,pve3,pve1$/],
  },
  {
    why: "the file on the node is damaged",
    facts: { file: "damaged" },
    warning: "damaged-template",
  },
  {
    why: "the pool isn't there",
    facts: { pool: "missing" },
    set: ["deploy.pool=prod"],
    refusal: ["no-pool", /^pveum pool add prod$/],
  },
  { why: "the pool may not be seen", facts: { pool: "unknown" }, set: ["deploy.pool=prod"] },
  {
    why: "it is this very one, in another pool",
    facts: { occupant: { ...own, pool: "test" }, pool: "there" },
    set: ["deploy.pool=prod"],
    warning: "other-configuration",
  },
  {
    why: "it is this very one, in its pool",
    facts: { occupant: { ...own, pool: "prod" }, pool: "there" },
    set: ["deploy.pool=prod"],
  },
  {
    why: "the template storage is full",
    facts: { storages: storages({ local: { available: 299e6 } }) },
    refusal: ["storage-full", /pveam remove/],
  },
  {
    why: "it is full, but the file is there",
    facts: { file: "there", storages: storages({ local: { available: 0 } }) },
  },
  { why: "no disk storage", facts: {}, set: ["deploy.storage=ceph"], refusal: ["no-storage", /--storage local-lvm/] },
  {
    why: "the disk storage takes no containers",
    facts: { storages: storages({ lvm: { content: ["images"] } }) },
    refusal: ["storage-content", /pvesm set local-lvm --content images,rootdir/],
  },
  {
    why: "a thin disk storage has less free than the disk may grow to",
    facts: { storages: storages({ lvm: { available: 20e9 } }) },
    warning: "storage-overcommitted",
  },
  {
    why: "a thick one has less free than the disk takes at once",
    facts: { storages: storages({ lvm: { type: "lvm", available: 20e9 } }) },
    refusal: ["storage-full", /--storage/],
  },
  {
    why: "a thin one has nothing left",
    facts: { storages: storages({ lvm: { available: 1e9 } }) },
    refusal: ["storage-full", /--storage/],
  },
  { why: "no such bridge", facts: {}, set: ["deploy.bridge=vmbr9"], refusal: ["no-bridge", /--bridge/] },
  {
    why: "the vmid is a virtual machine's",
    facts: { occupant: { ...own, type: "qemu", tags: [] } },
    refusal: ["vmid-taken", /--vmid/],
  },
  {
    why: "the vmid is somebody's container",
    facts: { occupant: { ...own, tags: ["web"] } },
    refusal: ["vmid-taken", /--vmid/],
  },
  { why: "the vmid is taken by one not to be seen", facts: { occupant: "unseen" }, refusal: ["vmid-taken", /--vmid/] },
  {
    why: "it is ours, of another template",
    facts: { occupant: { ...own, tags: ["proxmox-stack", "shop", "0.9.0-00000000"] } },
    refusal: ["other-template", /destroy --vmid 120/],
  },
  {
    why: "it is ours, on another node",
    facts: { occupant: { ...own, node: "pve2", status: undefined } },
    refusal: ["vmid-elsewhere", /--node pve2/],
  },
  { why: "it is this very one", facts: { occupant: own } },
  {
    why: "we create it just now",
    facts: { occupant: { ...own, tags: [], lock: "create", status: "stopped" }, creation },
  },
  {
    why: "somebody else creates it just now",
    facts: { occupant: { ...own, tags: [], lock: "create" }, creation: { ...creation, user: "bob@pve" } },
    refusal: ["vmid-taken", /--vmid/],
  },
  {
    why: "a creation was cut off by a crash of the node",
    facts: { occupant: { ...own, tags: [], lock: "create" } },
    refusal: ["vmid-taken", /pct unlock 120, pct destroy 120/],
  },
  {
    why: "it is this very one, with another memory",
    facts: { occupant: own, config: { hostname: "shop", cores: 4, memory: 4096 } },
    warning: "other-configuration",
  },
  {
    why: "it is this very one, as it is defined",
    facts: { occupant: own, config: { cores: "4", memory: 8192, swap: 512 } },
  },
  {
    why: "a root disk that is smaller than it is defined",
    facts: { occupant: own, config: { rootfs: "local-lvm:vm-120-disk-0,size=40G" } },
    warning: "other-configuration",
  },
  { why: "volumes, in the root disk's storage", facts: {}, set: volume },
  {
    why: "a thick storage has room for the disk, not for the volume too",
    facts: { storages: storages({ lvm: { type: "lvm", available: 60e9 } }) },
    set: volume,
    refusal: ["storage-full", /--storage/],
  },
  {
    why: "the volumes' storage isn't there",
    facts: {},
    set: [...volume, "deploy.volumeStorage=ceph"],
    refusal: ["no-storage", /--set deploy\.volumeStorage=local-lvm/],
  },
  { why: "nesting is asked for", facts: {}, set: ["container.nesting=true"], warning: "nesting" },
];

for (const { why, facts, set = [], refusal, warning } of rows) {
  t.test(`${why}: ${refusal?.[0] ?? (warning === undefined ? "goes on" : `warns, ${warning}`)}`, async (t) => {
    const { refusals, warnings } = preflight({ ...goodFacts, ...facts }, wantedOf(...set));
    t.same(
      refusals.map(({ code }) => code),
      refusal === undefined ? [] : [refusal[0]],
    );
    t.same(
      warnings.map(({ code }) => code),
      warning === undefined ? [] : [warning],
    );
    for (const { fix } of refusals) t.match(fix, refusal?.[1]);
  });
}

t.test("every check is told of by a row", async (t) => {
  const told = new Set(rows.flatMap(({ refusal, warning }) => [refusal?.[0], warning]));
  for (const check of checks) {
    const found = rows.some(({ facts, set = [] }) => {
      const all = [{ ...goodFacts, ...facts }, wantedOf(...set)] as const;
      return [...(check.refuse?.(...all) ?? []), ...(check.warn?.(...all) ?? [])].some(({ code }) => told.has(code));
    });
    t.ok(found, check.name);
  }
});

t.test("several refusals are told at once, each with its fix", async (t) => {
  const verdict = preflight({ ...goodFacts, version: "7.4", bridges: [] }, wantedOf());
  try {
    assertPossible(verdict, "pve1");
    t.fail("it goes on");
  } catch (error) {
    t.ok(isStackError(error));
    t.match(error, { code: "preflight", detail: [/old-proxmox/, /fix: /, /no-bridge/, /fix: /] });
  }
});

t.test("what is left to do follows from what is there", async (t) => {
  const table: readonly (readonly [facts: Partial<Facts>, steps: string])[] = [
    [{}, "upload create start wait"],
    [{ file: "there" }, "create start wait"],
    [{ file: "whole" }, "create start wait"],
    [{ file: "damaged" }, "upload create start wait"],
    [{ file: "whole", occupant: { ...own, status: "stopped" } }, "start wait"],
    [{ occupant: own }, "wait"],
    [{ occupant: { ...own, tags: [], lock: "create" }, creation }, "adopt start wait"],
  ];
  for (const [facts, steps] of table) t.equal(plan({ ...goodFacts, ...facts }).join(" "), steps);
  t.equal(
    plan({ ...goodFacts, file: "whole" }, true).join(" "),
    "upload create start wait",
    "sent again when asked for",
  );
});

t.test("privileges are asked for on the very paths, the bridge's since PVE 8", async (t) => {
  const { settings } = wantedOf("deploy.vlan=20");
  t.same(Object.keys(neededPrivileges({ settings, vmid: 120, volumes: [] }, "8.4.1")), [
    "/storage/local",
    "/storage/local-lvm",
    "/vms/120",
    "/sdn/zones/localnetwork/vmbr0/20",
  ]);
  const elsewhere = wantedOf(...volume, "deploy.volumeStorage=tank");
  t.same(neededPrivileges(elsewhere, "8.4.1")["/storage/tank"], ["Datastore.AllocateSpace"]);
  t.notOk(
    Object.keys(neededPrivileges({ settings, vmid: 120, volumes: [] }, "7.4")).some((path) => path.startsWith("/sdn")),
  );
  const one = wantedOf("deploy.storage=local").settings;
  t.same(neededPrivileges({ settings: one, vmid: 120, volumes: [] }, "8.4.1")["/storage/local"], [
    "Datastore.AllocateTemplate",
    "Datastore.Audit",
    "Datastore.AllocateSpace",
  ]);
});

t.test("of volumes that are otherwise than the definition is told what, and what helps", async (t) => {
  const table: readonly (readonly [mp0: string | undefined, set: readonly string[], message: RegExp, fix: RegExp])[] = [
    [undefined, volume, /has no volume at \/var\/lib\/postgresql, .* one of 20 GiB/, /a new container has the volume/],
    ["size=10G,backup=1", volume, /a volume at \S+ of 10 GiB, .* 20 GiB/, /^pct resize 120 mp0 20G$/],
    ["size=30720M,backup=1", volume, /of 30 GiB, .* 20 GiB/, /can't shrink/],
    ["size=20G", volume, /left out of backups/, /^pct set 120 --mp0 local-lvm:v,mp=\S+,size=20G,backup=1$/],
    ["size=20G,backup=1", ["postgres={}"], /has a volume at \S+, the definition has none/, /volumes\.postgres=/],
  ];
  for (const [options, set, message, fix] of table) {
    const mp0 = options === undefined ? {} : { mp0: `local-lvm:v,mp=/var/lib/postgresql,${options}` };
    const config = { rootfs: "local-lvm:vm-120-disk-0,size=50G", ...mp0 };
    const { warnings } = preflight({ ...goodFacts, occupant: own, config }, wantedOf(...set));
    t.match(warnings, [{ code: "other-configuration", message, fix }]);
    t.equal(warnings.length, 1);
  }
  const same = { rootfs: "l:v,size=50G", mp0: "l:w,mp=/var/lib/postgresql,backup=1,size=20G" };
  t.same(preflight({ ...goodFacts, occupant: own, config: same }, wantedOf(...volume)).warnings, []);
});

t.test(
  "a storage that is hidden from the token is told by the right that shows it, not by another storage",
  async (t) => {
    const hidden = {
      storages: storages({}).slice(0, 1),
      missing: { "/storage/local-lvm": ["Datastore.AllocateSpace"] },
    };
    const { refusals } = preflight({ ...goodFacts, ...hidden }, wantedOf());
    const found = refusals.find(({ code }) => code === "no-storage");
    t.equal(
      found?.message,
      "storage local-lvm can't be seen: root@pam!ci lacks Datastore.AllocateSpace on /storage/local-lvm",
    );
    t.match(found?.fix, /^pveum acl modify \/storage\/local-lvm --tokens 'root@pam!ci' --roles StackDeployer$/m);
    t.notMatch(found?.fix, /--storage/);
  },
);

t.test(
  "the commands that grant them make one role of all that is needed, and give it where something lacks",
  async (t) => {
    const needed = { "/vms/120": ["VM.Allocate", "VM.Audit"], "/storage/local": ["Datastore.Audit"] };
    const role = [
      'pveum role modify StackDeployer --append 1 --privs "Datastore.Audit VM.Allocate VM.Audit" 2>/dev/null ||',
      'pveum role add StackDeployer --privs "Datastore.Audit VM.Allocate VM.Audit"',
    ].join(" ");
    const goes =
      "# what is granted on /vms/ID goes with the container; on /vms, or on /pool/NAME with --pool NAME, it stays";
    t.same(grants("bob@pve", needed, { "/vms/120": ["VM.Allocate"], "/storage/local": ["Datastore.Audit"] }), [
      role,
      "pveum acl modify /vms/120 --users 'bob@pve' --roles StackDeployer",
      "pveum acl modify /storage/local --users 'bob@pve' --roles StackDeployer",
      goes,
    ]);
    t.same(grants("bob@pve!ci", needed, { "/storage/local": ["Datastore.Audit"] }), [
      role,
      "pveum acl modify /storage/local --users 'bob@pve' --tokens 'bob@pve!ci' --roles StackDeployer",
      "# where bob@pve has more there already, leave its --users out: it would have this instead",
    ]);
    t.same(grants("root@pam!ci", needed, { "/vms/120": ["VM.Audit"] }), [
      role,
      "pveum acl modify /vms/120 --tokens 'root@pam!ci' --roles StackDeployer",
      goes,
    ]);
  },
);
