import type { AnyComponent } from "../components/component.ts";
import { isExternal } from "../components/form-of.ts";
import { dependencies } from "../components/index.ts";
import type { Fault } from "./fault.ts";

const shape = "container.network: {address: 10.1.1.121/24, gateway: 10.1.1.1}";

/** What is wrong between the section cluster and others. @param root as it was read, valid or not */
export function clusterFaults(root: Readonly<Record<string, unknown>>): Fault[] {
  if (root.cluster === undefined) return [];
  return [...networkFaults(root), ...componentFaults(root), ...backupFaults(root), ...brokerFaults(root)];
}

/** One template is all three's: the network that it has is that of each, but for the address. */
function networkFaults(root: Readonly<Record<string, unknown>>): Fault[] {
  const nodes = Object.entries(recordOf(recordOf(root.cluster).nodes)).filter(
    (node): node is [string, string] => typeof node[1] === "string",
  );
  const { address } = recordOf(recordOf(root.container).network);
  const [own = "", length = ""] = typeof address === "string" ? address.split("/") : [];
  const prefix = Number(length);
  if (!own.includes(".") || !(prefix >= 8 && prefix <= 32)) {
    return [{ path: ["cluster", "nodes"], message: `needs fixed addresses, e.g. ${shape}, of one of them` }];
  }
  const outside = nodes
    .filter(([, node]) => networkOf(node, prefix) !== networkOf(own, prefix))
    .map(([name]) => ({
      path: ["cluster", "nodes", name],
      message: `is not in the network of container.network, ${address}`,
    }));
  if (outside.length > 0 || nodes.some(([, node]) => node === own)) return outside;
  return [
    {
      path: ["container", "network", "address"],
      message: "is none of the cluster's nodes; the other two have its prefix and its gateway",
    },
  ];
}

/** One that keeps data would keep it on each machine apart. */
function componentFaults(root: Readonly<Record<string, unknown>>): Fault[] {
  const components: readonly AnyComponent[] = dependencies;
  return components.flatMap(({ name, clustered, data }): Fault[] => {
    const section = root[name];
    if (section === undefined) return [];
    if (isExternal(section)) {
      return [{ path: [name, "external"], message: "excludes a cluster; leave one of the two out", atKey: true }];
    }
    if (clustered !== undefined || data === undefined) return [];
    return [{ path: [name], message: "has no servers that are a cluster; leave one of the two out", atKey: true }];
  });
}

function backupFaults(root: Readonly<Record<string, unknown>>): Fault[] {
  if (root.backup === undefined) return [];
  return [{ path: ["backup"], message: "is of one machine, not of a cluster; leave it out here", atKey: true }];
}

/** Its own on Debian 12 is 3.10, whose metadata any two of three brokers can't start with. */
function brokerFaults(root: Readonly<Record<string, unknown>>): Fault[] {
  const { sources } = recordOf(root.rabbitmq);
  if (!Array.isArray(sources) || sources.some((source) => source !== "debian")) return [];
  if ((root.debian ?? "bookworm") !== "bookworm") return [];
  const message = "has RabbitMQ 3.10 alone, and a cluster needs 4.0; leave it out, or name relocated too";
  return [{ path: ["rabbitmq", "sources"], message }];
}

function networkOf(address: string, prefix: number): number {
  const number = address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return Math.floor(number / 2 ** (32 - prefix));
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
