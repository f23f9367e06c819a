import { createHash } from "node:crypto";
import { basename } from "node:path";
import { ensureTools } from "../../../lib/apt/host-tools.ts";
import { isStackError, messageOf } from "../../../lib/error.ts";
import { TypeFlag } from "../../archive/header.ts";
import { readArchive } from "../../archive/read-archive.ts";
import { type Check, failed, passed, unchecked } from "../../verify/check.ts";
import { checksumCheck } from "../../verify/checksum.ts";
import { examine } from "../../verify/examine.ts";
import { sha256Of, sizeOf } from "../../verify/measure.ts";
import { devicesProbe } from "../../verify/probes/devices.ts";
import { identitiesProbe } from "../../verify/probes/identities.ts";
import { machineProbe } from "../../verify/probes/machine.ts";
import { faultList, type Probe } from "../../verify/probes/probe.ts";
import { secretsProbe } from "../../verify/probes/secrets.ts";
import { reportOf, type VerifyOptions, type VerifyReport } from "../../verify/report.ts";
import { signatureCheck } from "../../verify/signature-check.ts";
import { archiveIn, dpkgDeb } from "./dpkg-deb.ts";

/** Texts of a package's control archive, by their names. */
type Control = ReadonlyMap<string, string>;

/**
 * Looks at a package as dpkg would take it, and for what must not be in one. Nothing is unpacked.
 *
 * @throws StackError `no-template` (exit 64), `missing-tool`, `aborted`; a fault of the
 *   package is no error but a failed check
 */
export async function verifyDeb({ file, trust, machine, run, signal }: VerifyOptions): Promise<VerifyReport> {
  const bytes = await sizeOf(file);
  await ensureTools([dpkgDeb], { run, log: () => {}, root: false, signal });
  const signature = await signatureCheck(file, trust, run, signal);
  const measured = { sha256: await sha256Of(file, signal), bytes };
  const control = await controlOf(file, signal);
  const { members, checks } = await examine(archiveIn(file, "--fsys-tarfile", signal), [
    ownersProbe(),
    devicesProbe(),
    digestsProbe(control),
    identitiesProbe({ rootfs: false }),
    secretsProbe(),
    machineProbe(machine),
  ]);
  const name = nameCheck(file, control);
  return reportOf(file, measured, members, [name, await checksumCheck(file, measured), signature, ...checks]);
}

/** @returns what can't be read, in the place of the texts */
async function controlOf(file: string, signal: AbortSignal): Promise<Control | string> {
  const texts = new Map<string, string>();
  try {
    for await (const { member, content } of readArchive(archiveIn(file, "--ctrl-tarfile", signal))) {
      let text = "";
      for await (const chunk of content) text += chunk.toString("latin1");
      texts.set(member.name.slice(2), text);
    }
    return texts;
  } catch (error) {
    if (!isStackError(error) || !["bad-archive", "damaged"].includes(error.code)) throw error;
    return messageOf(error);
  }
}

/** apt and people go by the name, dpkg by what the package says of itself. */
function nameCheck(file: string, control: Control | string): Check {
  const about = { name: "name", title: "the file is named after the package, its version and architecture" };
  if (typeof control === "string") return unchecked(about, control);
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}: (.*)$`, "m").exec(control.get("control") ?? "")?.[1];
  const said = `${field("Package")}_${field("Version")}_${field("Architecture")}.deb`;
  return said === basename(file) ? passed(about) : failed(about, [`by its control file it is ${said}`]);
}

/** Whoever builds, all is root's. */
function ownersProbe(): Probe {
  const faults = faultList();
  return {
    name: "owners",
    title: "all is root's",
    member: ({ member: { name, uid, gid } }) => {
      if (uid !== 0 || gid !== 0) faults.add(`${name} belongs to ${uid}:${gid}`);
    },
    findings: faults.all,
  };
}

/** Every file has the digest that its md5sums say, and there is no other: what `dpkg --verify` will go by. */
function digestsProbe(control: Control | string): Probe {
  const faults = faultList();
  const text = typeof control === "string" ? "" : (control.get("md5sums") ?? "");
  const said = new Map(
    [...text.matchAll(/^([0-9a-f]{32}) {2}(.+)$/gm)].map(([, hash = "", path = ""]) => [path, hash]),
  );
  const digests = new Map<string, ReturnType<typeof createHash>>();
  return {
    name: "md5sums",
    title: "every file is what the package's own list says",
    member: ({ member: { name, type } }) => {
      if (type === TypeFlag.file) digests.set(name.slice(2), createHash("md5"));
    },
    content: ({ member: { name } }) => {
      const hash = digests.get(name.slice(2));
      return hash && ((chunk) => void hash.update(chunk));
    },
    findings: () => {
      for (const [path, hash] of digests) {
        const named = said.get(path);
        if (named === undefined) faults.add(`/${path} is not in the list`);
        else if (hash.digest("hex") !== named) faults.add(`/${path} is not what the list says`);
      }
      for (const path of said.keys()) if (!digests.has(path)) faults.add(`/${path} is in the list, and not there`);
      return faults.all();
    },
  };
}
