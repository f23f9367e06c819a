import { ExitCode, StackError } from "../../lib/error.ts";
import type { NodeFlags } from "./options.ts";

export interface HostFlags extends NodeFlags {
  readonly host?: string;
  readonly set?: readonly string[];
  readonly dryRun?: true;
  readonly resend?: true;
}

/** Whether it goes to a plain host, which needs a package, and no template. @throws StackError `other-way`, exit 64 */
export function isForHost(path: string, { host }: HostFlags): boolean {
  const isPackage = path.endsWith(".deb");
  if (isPackage === (host !== undefined)) return isPackage;
  throw new StackError(
    "other-way",
    isPackage ? `${path} is a package for a plain host` : `${path} is no package, which --host takes`,
    {
      hint: isPackage ? "--host root@server; for a Proxmox node: build-template" : "build-template deb --out dist",
      exit: ExitCode.usage,
    },
  );
}
