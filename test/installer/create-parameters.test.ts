import t from "tap";
import { createParameters } from "../../installer/wanted/create-parameters.ts";
import { wantedOf } from "./facts.ts";

t.test("each database's volume is a mount point that backups take, numbered in order", async (t) => {
  const set = [
    "postgres={}",
    "redis={}",
    "rabbitmq={}",
    "container.volumes={postgres: 20 GiB, rabbitmq: 1500 MiB}",
    "deploy.volumeStorage=tank",
  ];
  const { rootfs, mp0, mp1, ...others } = createParameters(wantedOf(...set)) as Readonly<Record<string, unknown>>;
  t.equal(rootfs, "local-lvm:50");
  t.equal(mp0, "tank:20,mp=/var/lib/postgresql,backup=1");
  t.equal(mp1, "tank:2,mp=/var/lib/rabbitmq,backup=1");
  t.notHas(others, { mp2: String });
});

t.test("a container is asked for exactly as the definition says", async (t) => {
  t.same(createParameters(wantedOf()), {
    vmid: 120,
    ostemplate: "local:vztmpl/debian-12-shop_1.0.0-3f2a91bc_amd64.tar.gz",
    ostype: "debian",
    hostname: "shop",
    unprivileged: true,
    cores: 4,
    memory: 8192,
    swap: 512,
    rootfs: "local-lvm:50",
    net0: "name=eth0,bridge=vmbr0,ip=dhcp",
    onboot: true,
    tags: "proxmox-stack;shop;1.0.0-3f2a91bc",
    description: "Made by deploy-template of debian-12-shop_1.0.0-3f2a91bc_amd64.tar.gz",
  });
});

const table: readonly (readonly [set: string, key: string, value: unknown])[] = [
  ["container.hostname=market", "hostname", "market"],
  ["container.cores=2", "cores", 2],
  ["container.memory=16GiB", "memory", 16384],
  ["container.swap=0MiB", "swap", 0],
  ["container.disk=20GiB", "rootfs", "local-lvm:20"],
  ["container.nesting=true", "features", "nesting=1"],
  [
    "container.network={address: 10.1.1.120/24, gateway: 10.1.1.1}",
    "net0",
    "name=eth0,bridge=vmbr0,ip=10.1.1.120/24,gw=10.1.1.1",
  ],
  [
    "container.network={address: 10.1.1.120/24, gateway: 10.1.1.1, dns: [10.1.1.2, 10.1.1.3]}",
    "nameserver",
    "10.1.1.2 10.1.1.3",
  ],
  ["container.network={address6: auto}", "net0", "name=eth0,bridge=vmbr0,ip6=auto"],
  ["container.network={address: dhcp, address6: dhcp}", "net0", "name=eth0,bridge=vmbr0,ip=dhcp,ip6=dhcp"],
  [
    "container.network={address6: fd00::120/64, gateway6: fd00::1}",
    "net0",
    "name=eth0,bridge=vmbr0,ip6=fd00::120/64,gw6=fd00::1",
  ],
  ["deploy.pool=team/prod", "pool", "team/prod"],
  ["deploy.storage=ceph", "rootfs", "ceph:50"],
  ["deploy.templateStorage=nfs", "ostemplate", "nfs:vztmpl/debian-12-shop_1.0.0-3f2a91bc_amd64.tar.gz"],
  ["deploy.bridge=vmbr1", "net0", "name=eth0,bridge=vmbr1,ip=dhcp"],
  ["deploy.vlan=20", "net0", "name=eth0,bridge=vmbr0,tag=20,ip=dhcp"],
  ["deploy.onboot=false", "onboot", false],
  ["deploy.startOrder=2", "startup", "order=2"],
  ["deploy.tags=[prod, shop]", "tags", "proxmox-stack;shop;1.0.0-3f2a91bc;prod"],
  [
    "deploy.description=Ask Ann",
    "description",
    "Ask Ann\n\nMade by deploy-template of debian-12-shop_1.0.0-3f2a91bc_amd64.tar.gz",
  ],
  [
    "deploy.sshKeys=[ssh-ed25519 AAAA ann, ssh-ed25519 BBBB bob]",
    "ssh-public-keys",
    "ssh-ed25519 AAAA ann\nssh-ed25519 BBBB bob",
  ],
];

for (const [set, key, value] of table) {
  t.test(`${set}: ${key}`, async (t) => {
    const parameters: Readonly<Record<string, unknown>> = { ...createParameters(wantedOf(set)) };
    t.equal(parameters[key], value);
  });
}
