import { hostname } from "node:os";
import { rootCertificates } from "node:tls";
import { readTextIfAny } from "../../lib/files.ts";
import type { MachineTraits } from "./probes/machine.ts";

/** Of the machine this runs on, which may be the one that built the template. */
export async function machineTraits(): Promise<MachineTraits> {
  const bundle = process.env.SSL_CERT_FILE ?? "/etc/ssl/certs/ca-certificates.crt";
  const authorities = (await readTextIfAny(bundle)) ?? "";
  return { hostname: hostname(), authorities, publicAuthorities: rootCertificates };
}
