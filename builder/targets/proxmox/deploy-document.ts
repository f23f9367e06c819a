import { readFile } from "node:fs/promises";
import { formatMiB } from "../../../stack/definition/size.ts";
import type { Model } from "../../../stack/model.ts";
import { fixedAddresses, netOptions } from "../../../stack/net-addresses.ts";
import { render } from "../../../stack/render/render.ts";
import type { PackedTemplate } from "../../pack/pack.ts";
import { resource } from "../../resource.ts";

export interface DeployFacts {
  readonly model: Model;
  readonly template: Pick<PackedTemplate, "file" | "sha256" | "bytes">;
  readonly deviations: readonly string[];
}

/** The text of NAME.DEPLOY.md: what to type on a Proxmox node, with this template's own values. */
export async function deployDocument({ model, template, deviations }: DeployFacts): Promise<string> {
  const text = await readFile(resource("targets/proxmox/DEPLOY.md.ejs"), "utf8");
  const isFixed = fixedAddresses(model.definition.container.network).length > 0;
  const data = { stack: model, template, deviations, formatMiB, isFixed, create: createCommand(model, template.file) };
  return render("DEPLOY.md.ejs", data, () => text);
}

const staticExample = { address: "10.1.1.120/24", gateway: "10.1.1.1", dns: [] };

/** `pct create` for a definition, one option a line. `network` overrides the definition's. */
export function createCommand(model: Model, file: string) {
  return (vmid: number, kind: "defined" | "dhcp" | "static"): string => {
    const { container } = model.definition;
    const network = { defined: container.network, dhcp: "dhcp", static: staticExample } as const;
    const net = network[kind];
    const dns = net === "dhcp" ? [] : net.dns;
    const options = [
      `--hostname ${container.hostname ?? model.name}`,
      "--ostype debian",
      "--unprivileged 1",
      `--features nesting=${container.nesting ? 1 : 0}`,
      `--cores ${container.cores}`,
      `--memory ${container.memory} --swap ${container.swap}`,
      `--rootfs local-lvm:${Math.ceil(container.disk / 1024)}`,
      ...model.data
        .filter(({ volume }) => volume !== undefined)
        .map(({ path, volume = 0 }, index) => `--mp${index} local-lvm:${Math.ceil(volume / 1024)},mp=${path},backup=1`),
      `--net0 name=eth0,bridge=vmbr0,${netOptions(net)}`,
      ...(dns.length > 0 ? [`--nameserver "${dns.join(" ")}"`] : []),
      "--onboot 1 --start 1",
    ];
    return [`pct create ${vmid} local:vztmpl/${file}`, ...options].join(" \\\n  ");
  };
}
