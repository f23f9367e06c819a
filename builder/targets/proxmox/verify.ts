import { createHash } from "node:crypto";
import { basename } from "node:path";
import { messageOf } from "../../../lib/error.ts";
import { compressionFlag } from "../../../lib/lxc/compression-flag.ts";
import { decompress } from "../../archive/decompress.ts";
import { type Check, failed, passed } from "../../verify/check.ts";
import { checksumCheck, manifestCheck } from "../../verify/checksum.ts";
import { examine } from "../../verify/examine.ts";
import { sha256Of, sizeOf } from "../../verify/measure.ts";
import { devicesProbe } from "../../verify/probes/devices.ts";
import { identitiesProbe } from "../../verify/probes/identities.ts";
import { machineProbe } from "../../verify/probes/machine.ts";
import { secretsProbe } from "../../verify/probes/secrets.ts";
import { reportOf, type VerifyOptions, type VerifyReport } from "../../verify/report.ts";
import { signatureCheck } from "../../verify/signature-check.ts";
import { applianceProbe, namesProbe, ownersProbe } from "./probes.ts";
import { systemProbe } from "./system-probe.ts";

/**
 * Looks at a template as `pct create` would take it, and for what must not be in one. The
 * file is decompressed once, its contents are examined as they flow by.
 *
 * @throws StackError `no-template` (exit 64), `missing-tool`, `aborted`; a fault of the
 *   template is no error but a failed check
 */
export async function verifyTemplate(options: VerifyOptions): Promise<VerifyReport> {
  const { file, trust, run, signal } = options;
  const bytes = await sizeOf(file);
  const signature = await signatureCheck(file, trust, run, signal);
  const hash = createHash("sha256");
  const archive = decompress(file, signal, (chunk) => hash.update(chunk));
  const { members, whole, checks } = await examine(archive, [
    namesProbe(),
    ownersProbe(),
    devicesProbe(),
    applianceProbe(),
    systemProbe(basename(file)),
    identitiesProbe({ rootfs: true }),
    secretsProbe(),
    machineProbe(options.machine),
  ]);
  const measured = { sha256: whole ? hash.digest("hex") : await sha256Of(file, signal), bytes };
  return reportOf(file, measured, members, [
    nameCheck(file),
    await checksumCheck(file, measured),
    await manifestCheck(file, measured),
    signature,
    ...checks,
  ]);
}

/** Proxmox finds a template by its suffix, and changes other characters when it is uploaded. */
function nameCheck(file: string): Check {
  const about = { name: "name", title: "Proxmox takes the file's name" };
  const name = basename(file);
  try {
    compressionFlag(file);
  } catch (error) {
    return failed(about, [messageOf(error)]);
  }
  const strange = /[^a-zA-Z0-9_.-]/.exec(name)?.[0];
  return strange === undefined
    ? passed(about)
    : failed(about, [`an upload would make _ of ${JSON.stringify(strange)} in ${name}`]);
}
