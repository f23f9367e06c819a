import type { ClusterDocument } from "../../stack/documents/cluster.ts";
import { coloured } from "../cli/output.ts";
import { type Row, textTable } from "../cli/text-table.ts";

/** A line a server, the node's own words in its first. */
export function clusterTable({ stack, status, here, nodes }: ClusterDocument, colours: boolean): string {
  const rows = nodes.flatMap(({ name, address, certificateEnds, servers }): Row[] => {
    const own = [name === here ? `${name} (here)` : name, address, certificateEnds?.slice(0, 10) ?? "none shown"];
    const first = servers[0] === undefined ? [{ cells: own }] : [];
    return [
      ...first,
      ...servers.map(({ component, role, status, lag = "", message }, index) => ({
        cells: [...(index === 0 ? own : ["", "", ""]), component, role, status, lag],
        ...(message !== undefined && { note: message }),
      })),
    ];
  });
  const heads = ["node", "address", "certificate until", "component", "role", "state", "behind"];
  return `cluster of ${stack}: ${coloured(status, colours)}\n\n${textTable(heads, rows, colours).join("\n")}\n`;
}
