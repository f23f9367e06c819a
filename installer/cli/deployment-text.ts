import { columns } from "../../lib/cli/text.ts";
import type { DeploymentDocument } from "../../stack/documents/deployment.ts";

/** What was made, where it answers, and what one may type next. `to` is empty on the node itself. */
export function deploymentText(made: DeploymentDocument, to: string): string {
  const at = to === "" ? "" : `--to ${to} `;
  const { vmid, node, hostname, address, addresses, status, urls, warnings, changed } = made;
  return [
    "",
    `container ${vmid} (${hostname}) on ${node} is ${status}${changed ? "" : ": nothing to do"}`,
    columns([["address", (addresses ?? [address]).join(", ")], ...urls.map(({ name, url }) => [name, url])]).trimEnd(),
    ...warnings.map((line) => `warning: ${line}`),
    "",
    "next, on the node:",
    `  pct exec ${vmid} -- stack-agent status`,
    ...(warnings.includes("provision: not-a-member")
      ? [
          `  pct exec ${vmid} -- stack-agent cluster init      # on the first; then there: stack-agent cluster token`,
          `  pct exec ${vmid} -- stack-agent cluster join TOKEN  # on the others`,
        ]
      : []),
    `  pct enter ${vmid}`,
    "to take it away again:",
    `  deploy-template destroy ${at}--vmid ${vmid}`,
    "",
  ].join("\n");
}
