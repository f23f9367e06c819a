import * as z from "zod/mini";

const word = (what: string, example: string, form = /^[A-Za-z0-9][A-Za-z0-9._-]*$/) =>
  z.string().check(z.regex(form, `must be like ${example}`), z.describe(what));

/** As Proxmox reads them: pve-node and pve-storage-id of PVE::JSONSchema; the kernel has 15 characters for an interface. */
const hostLabel = /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/;
const storageId = /^[A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]$/;
const interfaceName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/;

/** Where and how `deploy-template` makes the container. No secret belongs here: it would be in the template. */
export const deploySchema = z.strictObject({
  to: z.optional(
    word(
      "Address of the Proxmox node, with its port where that isn't 8006; over SSH its root's",
      "pve1.example.org, 10.1.1.2:8006, [fd00::2]:8006 or root@pve1",
      /^([A-Za-z_][A-Za-z0-9_.-]*@)?(([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+(%[\w.-]+)?\])(:\d{1,5})?|[0-9a-fA-F]*(:[0-9a-fA-F]*){2,}(%[\w.-]+)?)$/,
    ).check(z.meta({ examples: ["pve1"] })),
  ),
  via: z.optional(
    z
      .enum(["api", "ssh", "local"], "must be api, ssh or local")
      .check(
        z.describe(
          "The way to the node; default: ssh for an address with a user, else api, or local on the node itself",
        ),
        z.meta({ examples: ["ssh"] }),
      ),
  ),
  node: z.optional(
    word("The node's name in its cluster; default: what its address begins with", "pve1", hostLabel).check(
      z.meta({ examples: ["pve1"] }),
    ),
  ),
  fingerprint: z.optional(
    word(
      "SHA-256 of the node's certificate, as `pvenode cert info` shows it; over SSH of its host key, as `ssh-keygen -l` shows it",
      "3A:0F:… (64 hexadecimal digits) or SHA256:… (43 characters)",
      /^(([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}|SHA256:[A-Za-z0-9+/]{43}=?)$/,
    ).check(z.meta({ examples: [Array(32).fill("00").join(":")] })),
  ),
  vmid: z.optional(
    z
      .int()
      .check(
        z.gte(100, "Proxmox begins at 100"),
        z.lte(999_999_999),
        z.describe("The container's id; default: its own one where there is one, else the next free one"),
        z.meta({ examples: [120] }),
      ),
  ),
  templateStorage: z._default(word("Storage that takes the template's file", "local", storageId), "local"),
  storage: z._default(word("Storage of the root disk", "local-lvm", storageId), "local-lvm"),
  volumeStorage: z.optional(
    word("Storage of the data volumes; default: that of the root disk", "local-lvm", storageId).check(
      z.meta({ examples: ["local-zfs"] }),
    ),
  ),
  pool: z.optional(
    word(
      "The node's pool that the container is put in; what is granted on a pool outlives its containers",
      "prod or team/prod",
      /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+){0,2}$/,
    ).check(z.meta({ examples: ["prod"] })),
  ),
  bridge: z._default(word("The node's bridge that eth0 is on", "vmbr0", interfaceName), "vmbr0"),
  vlan: z.optional(z.int().check(z.gte(1), z.lte(4094), z.describe("VLAN tag of eth0"), z.meta({ examples: [20] }))),
  onboot: z._default(z.boolean().check(z.describe("Start the container when the node starts")), true),
  startOrder: z.optional(
    z
      .int()
      .check(
        z.gte(0),
        z.lte(9999),
        z.describe("Place in the order in which the node starts its guests"),
        z.meta({ examples: [2] }),
      ),
  ),
  tags: z._default(
    z
      .array(
        z
          .string()
          .check(
            z.regex(/^[a-z0-9_][a-z0-9_.+-]{0,60}$/, "must be a Proxmox tag: lower-case letters, digits, _ . + -"),
          ),
      )
      .check(z.describe("Tags beside those that deploy-template knows its containers by")),
    [],
  ),
  description: z.optional(
    z
      .string()
      .check(z.maxLength(4000), z.describe("Notes, in Markdown"), z.meta({ examples: ["Ask the trading desk."] })),
  ),
  sshKeys: z._default(
    z
      .array(
        z
          .string()
          .check(
            z.regex(/^(ssh-|ecdsa-|sk-)\S+ [A-Za-z0-9+/=]+( [^\r\n]*)?$/, "must be a line of a public key's file"),
          ),
      )
      .check(z.describe("Public SSH keys that may log in as root")),
    [],
  ),
});

export type DeploySettings = z.output<typeof deploySchema>;
