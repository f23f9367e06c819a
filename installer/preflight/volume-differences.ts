import { formatMiB } from "../../stack/definition/size.ts";
import type { Wanted } from "../wanted/wanted.ts";
import { type Finding, finding } from "./check.ts";
import type { Facts } from "./facts.ts";

interface Mounted {
  /** `rootfs`, `mp0`. */
  readonly key: string;
  readonly path: string;
  /** GiB; undefined where Proxmox doesn't know. */
  readonly size: number | undefined;
  readonly backup: boolean;
}

/** Disks of a container that is there, compared with the definition; told, never changed. */
export function volumeDifferences({ config }: Facts, wanted: Wanted): readonly Finding[] {
  const { vmid, container, volumes, template } = wanted;
  const there = mounted(config);
  if (there.length === 0) return [];
  const asked = [{ path: "/", size: Math.ceil(container.disk / 1024) }, ...volumes];
  const differing = asked.flatMap(({ path, size }) => {
    const found = there.find((one) => one.path === path);
    if (found === undefined) return [absent(vmid, path, size)];
    return [
      ...(found.size === undefined || found.size === size ? [] : [otherSize(vmid, found, found.size, size)]),
      ...(path === "/" || found.backup ? [] : [notInBackups(vmid, found, config)]),
    ];
  });
  const unasked = template.model.data.filter(
    ({ path, volume }) => volume === undefined && there.some((one) => one.path === path),
  );
  return [
    ...differing,
    ...unasked.map(({ component, path }) =>
      other(
        `container ${vmid} has a volume at ${path}, the definition has none`,
        `it goes on being used; to say so: --set container.volumes.${component}=SIZE`,
      ),
    ),
  ];
}

function mounted(config: Facts["config"]): readonly Mounted[] {
  return Object.entries(config).flatMap(([key, value]) => {
    if (!/^(rootfs|mp\d+)$/.test(key)) return [];
    const options = new Map(
      String(value)
        .split(",")
        .slice(1)
        .map((part) => part.split("=", 2) as [string, string]),
    );
    const path = key === "rootfs" ? "/" : (options.get("mp") ?? "");
    return [{ key, path, size: gibibytes(options.get("size")), backup: options.get("backup") === "1" }];
  });
}

/** "50G", "51300M", "1T". */
function gibibytes(text: string | undefined): number | undefined {
  const [, number, unit = ""] = /^([\d.]+)([KMGT])$/.exec(text ?? "") ?? [];
  const factor = { K: 1 / 1024 ** 2, M: 1 / 1024, G: 1, T: 1024 }[unit];
  return number === undefined || factor === undefined ? undefined : Number(number) * factor;
}

function absent(vmid: number, path: string, size: number): Finding {
  return other(
    `container ${vmid} has no volume at ${path}, the definition asks for one of ${size} GiB`,
    "its data lies on the root disk, which works; a new container has the volume",
  );
}

function otherSize(vmid: number, { key, path }: Mounted, has: number, asked: number): Finding {
  const what = path === "/" ? "a root disk" : `a volume at ${path}`;
  return other(
    `container ${vmid} has ${what} of ${formatMiB(has * 1024)}, the definition says ${asked} GiB`,
    asked > has ? `pct resize ${vmid} ${key} ${asked}G` : "it can grow, and can't shrink: change the definition",
  );
}

function notInBackups(vmid: number, { key, path }: Mounted, config: Facts["config"]): Finding {
  const value = String(config[key]).replace(/,backup=0/, "");
  return other(`the volume at ${path} is left out of backups`, `pct set ${vmid} --${key} ${value},backup=1`);
}

function other(message: string, fix: string): Finding {
  return finding("other-configuration", message, fix);
}
