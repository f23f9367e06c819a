import { netOptions } from "../../stack/net-addresses.ts";
import type { CreateParameters } from "../node/node.ts";
import { identityTags } from "./identity-tags.ts";
import type { Wanted } from "./wanted.ts";

/** What the node is asked for, exactly as the definition says. The container isn't started by it. */
export function createParameters(wanted: Wanted): CreateParameters {
  const { template, vmid, settings, container, volumes, hostname } = wanted;
  const { network } = container;
  const tag = settings.vlan === undefined ? [] : [`tag=${settings.vlan}`];
  const tags = [...new Set([...identityTags(template), ...settings.tags])];
  return {
    vmid,
    ostemplate: `${settings.templateStorage}:vztmpl/${template.file}`,
    ostype: "debian",
    hostname,
    // Another default on PVE 8 than on 9.
    unprivileged: true,
    ...(container.nesting && { features: "nesting=1" }),
    cores: container.cores,
    memory: container.memory,
    swap: container.swap,
    rootfs: `${settings.storage}:${Math.ceil(container.disk / 1024)}`,
    ...Object.fromEntries(
      volumes.map(({ storage, path, size }, index) => [`mp${index}`, `${storage}:${size},mp=${path},backup=1`]),
    ),
    net0: ["name=eth0", `bridge=${settings.bridge}`, ...tag, netOptions(network)].join(","),
    ...(network !== "dhcp" && network.dns.length > 0 && { nameserver: network.dns.join(" ") }),
    ...(settings.pool !== undefined && { pool: settings.pool }),
    onboot: settings.onboot,
    ...(settings.startOrder !== undefined && { startup: `order=${settings.startOrder}` }),
    tags: tags.join(";"),
    description: [settings.description, `Made by deploy-template of ${template.file}`]
      .filter((part) => part !== undefined)
      .join("\n\n"),
    ...(settings.sshKeys.length > 0 && { "ssh-public-keys": settings.sshKeys.join("\n") }),
  };
}
