import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { ExitCode, isErrno, isStackError, messageOf, StackError } from "../../lib/error.ts";
import { compressionFlag } from "../../lib/lxc/template-name.ts";
import type { Run } from "../../lib/run.ts";
import { decompress } from "../pack/decompress.ts";
import { TypeFlag } from "../pack/header.ts";
import { readArchive } from "../pack/read-archive.ts";
import { type Check, failed, passed, unchecked } from "./check.ts";
import { checksumCheck, manifestCheck } from "./checksum.ts";
import type { Probe } from "./probe.ts";
import { identitiesProbe } from "./probes/identities.ts";
import { type MachineTraits, machineProbe } from "./probes/machine.ts";
import { secretsProbe } from "./probes/secrets.ts";
import { applianceProbe, devicesProbe, namesProbe, ownersProbe } from "./probes/structure.ts";
import { systemProbe } from "./probes/system.ts";
import { signatureCheck, type Trust } from "./signature.ts";

export interface VerifyOptions {
  readonly file: string;
  /** Undefined: a signature is not checked. */
  readonly trust?: Trust;
  readonly machine: MachineTraits;
  readonly run: Run;
  readonly signal: AbortSignal;
}

export interface VerifyReport {
  readonly schemaVersion: 1;
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Members of the archive that could be read. */
  readonly members: number;
  readonly status: "pass" | "fail";
  readonly checks: readonly Check[];
}

/**
 * Looks at a template as `pct create` would take it, and for what must not be in one. The
 * file is decompressed once, its contents are examined as they flow by; memory grows with
 * the number of names only.
 *
 * @throws StackError `no-template` (exit 64), `missing-tool`, `aborted`; a fault of the
 *   template is no error but a failed check
 */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const { file, trust, run, signal } = options;
  const bytes = await sizeOf(file);
  const signature = await signatureCheck(file, trust, run, signal);
  const probes = [
    namesProbe(),
    ownersProbe(),
    devicesProbe(),
    applianceProbe(),
    systemProbe(basename(file)),
    identitiesProbe(),
    secretsProbe(),
    machineProbe(options.machine),
  ];
  const read = await examine(file, probes, signal);
  const measured = { sha256: read.sha256 ?? (await sha256Of(file, signal)), bytes };
  const whole = { name: "archive", title: "can be read to its end" };
  const checks = [
    nameCheck(file),
    await checksumCheck(file, measured),
    await manifestCheck(file, measured),
    signature,
    read.fault === undefined ? passed(whole) : failed(whole, [read.fault]),
    ...probes.map((probe) => {
      if (read.fault !== undefined) return unchecked(probe, "the archive could not be read to its end");
      const findings = probe.findings();
      return findings.length === 0 ? passed(probe) : failed(probe, findings);
    }),
  ];
  const status = checks.some(({ state }) => state === "failed") ? "fail" : "pass";
  return { schemaVersion: 1, file: basename(file), ...measured, members: read.members, status, checks };
}

interface Examined {
  readonly members: number;
  /** Of the compressed file; undefined where it wasn't read to its end. */
  readonly sha256?: string;
  readonly fault?: string;
}

async function examine(file: string, probes: readonly Probe[], signal: AbortSignal): Promise<Examined> {
  const hash = createHash("sha256");
  let members = 0;
  try {
    for await (const { member, rawName, content } of readArchive(
      decompress(file, signal, (chunk) => hash.update(chunk)),
    )) {
      members++;
      for (const probe of probes) probe.member?.({ member, rawName });
      if (member.type !== TypeFlag.file) continue;
      const readers = probes.flatMap((probe) => probe.content?.({ member }) ?? []);
      for await (const chunk of content) for (const reader of readers) reader(chunk);
    }
    return { members, sha256: hash.digest("hex") };
  } catch (error) {
    if (!isStackError(error) || !["bad-archive", "damaged"].includes(error.code)) throw error;
    return { members, fault: messageOf(error) };
  }
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

async function sizeOf(file: string): Promise<number> {
  const no = (cause?: unknown): StackError =>
    new StackError("no-template", `there is no file ${file}`, {
      cause,
      exit: ExitCode.usage,
      hint: "name a template: dist/debian-12-NAME_VERSION_ARCH.tar.gz",
    });
  try {
    const found = await stat(file);
    if (!found.isFile()) throw no();
    return found.size;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "EACCES")) throw no(error);
    throw error;
  }
}

async function sha256Of(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash, { signal });
  return hash.digest("hex");
}
