import type { Facts } from "../../installer/preflight/facts.ts";
import { type Wanted, wanted } from "../../installer/wanted/wanted.ts";
import { readDefinition } from "../../stack/definition/parse.ts";
import { resolve } from "../../stack/resolve.ts";

/** What is wanted by a small definition, with settings in its place. */
export function wantedOf(...set: string[]): Wanted {
  const text = "name: shop\nversion: 1.0.0\nservices:\n  hello: { port: 8001 }\n";
  const { definition } = readDefinition(text, "stack.yaml", set);
  const file = "debian-12-shop_1.0.0-3f2a91bc_amd64.tar.gz";
  const template = { path: `dist/${file}`, file, bytes: 300e6, sha256: "0".repeat(64), edition: "1.0.0-3f2a91bc" };
  return wanted({ ...template, model: resolve(definition) }, 120);
}

/** A node where everything is as it should be. */
export const goodFacts: Facts = {
  node: "pve1",
  user: "root@pam!ci",
  version: "8.4.1",
  machine: { cores: 8, memory: 32 * 1024 ** 3, machine: "x86_64" },
  storages: [
    {
      name: "local",
      type: "dir",
      content: ["vztmpl", "iso"],
      active: true,
      enabled: true,
      shared: false,
      available: 100e9,
    },
    {
      name: "local-lvm",
      type: "lvmthin",
      content: ["rootdir", "images"],
      active: true,
      enabled: true,
      shared: false,
      available: 100e9,
    },
  ],
  bridges: ["vmbr0"],
  missing: {},
  pool: undefined,
  occupant: undefined,
  creation: undefined,
  config: {},
  file: "absent",
};

/** A container that this template was made into. */
export const own = {
  vmid: 120,
  type: "lxc",
  node: "pve1",
  name: "shop",
  tags: ["proxmox-stack", "shop", "1.0.0-3f2a91bc"],
  status: "running",
  lock: undefined,
} as const;
