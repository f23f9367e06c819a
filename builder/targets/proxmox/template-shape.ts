import { applianceInfo } from "../../../stack/components/system/component.ts";
import { machinePaths } from "../../../stack/machine-paths.ts";
import { sourceDateEpoch } from "../../context.ts";

/**
 * What every template is packed with: the time of folders made on the way, and what comes first:
 * what Proxmox's own builder puts there, and what a template is asked for before it is deployed.
 */
export const templateShape = {
  mtime: sourceDateEpoch,
  front: [applianceInfo, machinePaths.definition].map((path) => `.${path}`),
} as const;
