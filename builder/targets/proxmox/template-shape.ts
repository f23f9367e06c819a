import { applianceInfo } from "../../../stack/components/system/component.ts";
import { sourceDateEpoch } from "../../context.ts";

/** What every template is packed with: the time of folders made on the way, and what comes first. */
export const templateShape = { mtime: sourceDateEpoch, front: [`.${applianceInfo}`] } as const;
