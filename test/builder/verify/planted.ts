/** Small archives in which a fault can be planted: what a tar program may be given, wrong or not. */
import { readFileSync } from "node:fs";
import { type Header, pad, TypeFlag, writeHeader } from "../../../builder/archive/header.ts";

export type Planted = Partial<Header> & { readonly name: string; readonly text?: string | Buffer };

const shell = readFileSync("/bin/sh").subarray(0, 4096);

export const folder = (name: string): Planted => ({ name, type: TypeFlag.directory, mode: 0o755 });
export const link = (name: string, linkName: string): Planted => ({ name, linkName, type: TypeFlag.symlink });
export const file = (name: string, text: string | Buffer): Planted => ({ name, text });

/** As small as a template can be that Proxmox takes and in which nothing is wrong. */
export const clean: readonly Planted[] = [
  folder("./"),
  folder("./etc/"),
  file("./etc/appliance.info", "Name: x\nVersion: 1\nOS: debian-12\nArchitecture: amd64\n"),
  ...[
    "dev",
    "proc",
    "run",
    "sys",
    "tmp",
    "var",
    "var/log",
    "var/log/journal",
    "usr",
    "usr/bin",
    "usr/sbin",
    "root",
  ].map((name) => folder(`./${name}/`)),
  link("./bin", "usr/bin"),
  link("./sbin", "usr/sbin"),
  file("./usr/bin/dash", shell),
  link("./usr/bin/sh", "dash"),
  folder("./usr/lib/"),
  file("./usr/lib/os-release", 'PRETTY_NAME="Debian"\nID=debian\n'),
  link("./etc/os-release", "../usr/lib/os-release"),
  file("./etc/debian_version", "12.13\n"),
  file("./usr/lib/init", shell),
  link("./usr/sbin/init", "/usr/lib/init"),
  file("./etc/machine-id", ""),
  file("./etc/shadow", "root:*:20000:0:99999:7:::\ndaemon:!*:20000::::::\n"),
];

export function archive(members: readonly Planted[], end = Buffer.alloc(1024)): Buffer {
  const blocks = members.flatMap(({ text = "", ...header }) => {
    const content = Buffer.from(text);
    const whole = { linkName: "", type: TypeFlag.file, mode: 0o644, uid: 0, gid: 0, mtime: 0, ...header };
    return [writeHeader({ ...whole, size: content.length }), pad(content)];
  });
  return Buffer.concat([...blocks, end]);
}
