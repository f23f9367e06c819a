import { execFileSync } from "node:child_process";
import t from "tap";
import { parse } from "yaml";
import { incusMetadata } from "../../../../builder/targets/proxmox/incus-metadata.ts";
import { debianReleases } from "../../../../stack/debian.ts";

const sources = {
  model: { name: "stock-analysis", debian: debianReleases.bookworm, architecture: "amd64" },
  version: "1.0.0-3f2a91bc",
} as const;
const list = (input: Buffer, ...more: string[]): string =>
  execFileSync("tar", ["-z", "--numeric-owner", ...more, "-f", "-"], { input, encoding: "utf8" });

t.test("the metadata names the kernel's architecture, the release, and a template for each file", async (t) => {
  const archive = await incusMetadata(sources);
  const metadata = parse(list(archive, "-xO", "metadata.yaml")) as {
    readonly templates: Record<string, { readonly when: string[]; readonly template: string }>;
  };
  t.match(metadata, {
    architecture: "x86_64",
    creation_date: 1_735_689_600,
    properties: { os: "Debian", release: "bookworm", serial: "1.0.0-3f2a91bc", name: "stock-analysis" },
  });
  t.same(Object.keys(metadata.templates), ["/etc/hostname", "/etc/hosts", "/etc/network/interfaces"]);
  for (const { when, template } of Object.values(metadata.templates)) {
    t.same(when, ["create", "copy"]);
    t.not(list(archive, "-xO", `templates/${template}`), "");
  }
});

t.test("the same template has the same metadata, byte for byte, whatever the umask", async (t) => {
  const first = await incusMetadata(sources);
  const before = process.umask(0o077);
  const second = await incusMetadata(sources).finally(() => process.umask(before));
  t.equal(second.toString("hex"), first.toString("hex"));
  for (const line of list(first, "-tv").trim().split("\n")) t.match(line, /^-rw-r--r-- 0\/0 .* 2025-01-01 /);
});
