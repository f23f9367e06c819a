import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { create } from "tar";
import { stringify } from "yaml";
import type { Model } from "../../../stack/model.ts";
import { sourceDateEpoch } from "../../context.ts";

export interface IncusSources {
  readonly model: Pick<Model, "name" | "debian" | "architecture">;
  /** The template's own, e.g. `1.0.0-3f2a91bc`. */
  readonly version: string;
}

/** Incus's and LXD's names of architectures are the kernel's. */
const architectures: Readonly<Record<Model["architecture"], string>> = { amd64: "x86_64" };

/**
 * Files that Incus writes when it makes or copies an instance; what Proxmox does by itself.
 * The names in braces are pongo2's. Network and hosts are as distrobuilder has them for Debian.
 */
const guestFiles: Readonly<Record<string, { readonly template: string; readonly text: string }>> = {
  "/etc/hostname": { template: "hostname.tpl", text: "{{ container.name }}\n" },
  "/etc/hosts": {
    template: "hosts.tpl",
    text: `127.0.0.1\tlocalhost
127.0.1.1\t{{ container.name }}
::1\tlocalhost ip6-localhost ip6-loopback
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`,
  },
  "/etc/network/interfaces": {
    template: "interfaces.tpl",
    text: `auto lo
iface lo inet loopback

auto eth0
iface eth0 inet dhcp
`,
  },
};

/**
 * The metadata tarball (.tar.gz) that makes a split image of a template: `incus image import
 * METADATA TEMPLATE`. The same template has the same bytes.
 *
 * @see https://linuxcontainers.org/incus/docs/main/reference/image_format/
 */
export async function incusMetadata({ model, version }: IncusSources): Promise<Buffer> {
  const metadata = {
    architecture: architectures[model.architecture],
    creation_date: sourceDateEpoch,
    properties: {
      architecture: model.architecture,
      description: `${model.name} ${version} (Debian ${model.debian.version})`,
      name: model.name,
      os: "Debian",
      release: model.debian.suite,
      serial: version,
      variant: "stack",
    },
    templates: Object.fromEntries(
      Object.entries(guestFiles).map(([path, { template }]) => [path, { when: ["create", "copy"], template }]),
    ),
  };
  const files: Readonly<Record<string, string>> = {
    "metadata.yaml": stringify(metadata),
    ...Object.fromEntries(Object.values(guestFiles).map(({ template, text }) => [`templates/${template}`, text])),
  };
  const folder = await mkdtemp(join(tmpdir(), "incus-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
      await chmod(join(folder, name), 0o644);
    }
    // portable: owners are left out. jobs: node-tar's asynchronous pack can hang otherwise.
    const options = { cwd: folder, portable: true, gzip: { level: 9 }, mtime: new Date(sourceDateEpoch * 1000) };
    const chunks: Buffer[] = [];
    for await (const chunk of create({ ...options, jobs: 1 }, Object.keys(files))) chunks.push(chunk);
    return Buffer.concat(chunks);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
