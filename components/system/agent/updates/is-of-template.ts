import { existsSync } from "node:fs";
import { join } from "node:path";

/** Whether this machine was made of the template. On any other its admin asks the archives and installs what they have. */
export function isOfTemplate(share: string): boolean {
  return existsSync(join(share, "manifest.json"));
}
