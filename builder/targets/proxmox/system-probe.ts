import { posix } from "node:path";
import { messageOf } from "../../../lib/error.ts";
import { recogniseGuest } from "../../../lib/lxc/recognise-guest.ts";
import { TypeFlag } from "../../archive/header.ts";
import type { Probe } from "../../verify/probes/probe.ts";

const texts: ReadonlySet<string> = new Set(["./etc/os-release", "./usr/lib/os-release", "./etc/debian_version"]);
const programs = /^\.\/(?:usr\/)?bin\/[^/]+$/;
const maxLinks = 40;

/**
 * What `pct create` recognises a system by, and that there is something to boot.
 *
 * @param file the template's name, whose architecture must be the system's
 */
export function systemProbe(file: string): Probe {
  const heads = new Map<string, Buffer>();
  const files = new Set<string>();
  const links = new Map<string, string>();
  return {
    name: "system",
    title: "Proxmox recognises Debian, its version and architecture; there is an init",
    member: ({ member: { name, type, target } }) => {
      if (type === TypeFlag.symlink) links.set(name, target);
      if (type === TypeFlag.file || type === TypeFlag.hardlink) files.add(name);
      const same = type === TypeFlag.hardlink ? heads.get(target) : undefined;
      if (same !== undefined) heads.set(name, same);
    },
    content: ({ member: { name } }) => {
      const length = texts.has(name) ? 64 * 1024 : programs.test(name) ? 20 : 0;
      if (length === 0) return undefined;
      return (chunk) => {
        const held = heads.get(name) ?? Buffer.alloc(0);
        // A copy: a view would keep the whole chunk it came in.
        if (held.length < length) heads.set(name, Buffer.concat([held, chunk.subarray(0, length - held.length)]));
      };
    },
    findings: () => {
      const read = (path: string): Buffer | undefined => heads.get(follow(path, links));
      const faults: string[] = [];
      if (!files.has(follow("./sbin/init", links))) faults.push("there is no /sbin/init");
      try {
        const { architecture } = recogniseGuest({
          release: (read("./etc/os-release") ?? read("./usr/lib/os-release"))?.toString("utf8"),
          debianVersion: read("./etc/debian_version")?.toString("utf8"),
          shell: read("./bin/sh"),
        });
        const named = /_(amd64|arm64|armhf|i386|riscv64)\.tar/.exec(file)?.[1];
        if (named !== undefined && named !== architecture) faults.push(`it is ${architecture}, its name says ${named}`);
      } catch (error) {
        faults.push(messageOf(error));
      }
      return faults;
    },
  };
}

/** Where a path leads, the links of its folders and its own followed inside the archive. */
function follow(path: string, links: ReadonlyMap<string, string>): string {
  let rest = path.split("/").slice(1);
  let at = "/";
  for (let followed = 0; rest.length > 0; ) {
    const [part = "", ...more] = rest;
    const next = posix.join(at, part);
    const target = links.get(`.${next}`);
    if (target === undefined || followed++ > maxLinks) {
      at = next;
      rest = more;
    } else {
      rest = [...target.split("/").filter((one) => one !== ""), ...more];
      if (target.startsWith("/")) at = "/";
    }
  }
  return `.${at}`;
}
