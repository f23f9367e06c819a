import { createHash } from "node:crypto";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { createZstdDecompress } from "node:zlib";
import { messageOf, StackError } from "../../../lib/error.ts";
import { isSignedBy, keyFingerprint } from "../../../lib/key-pair.ts";
import {
  packageMembers,
  releaseSignature,
  type StackReleaseDocument,
  stackReleaseDocument,
  stackReleaseName,
} from "../../../stack/documents/stack-release.ts";
import { outputOf } from "../../output-of.ts";
import { configHome, publicReleaseKey } from "../../provenance/release-key.ts";
import { type Check, failed, passed, unchecked } from "../../verify/check.ts";
import { examine } from "../../verify/examine.ts";
import { sha256Of, sizeOf } from "../../verify/measure.ts";
import { devicesProbe } from "../../verify/probes/devices.ts";
import { identitiesProbe } from "../../verify/probes/identities.ts";
import { machineProbe } from "../../verify/probes/machine.ts";
import { secretsProbe } from "../../verify/probes/secrets.ts";
import { reportOf, type VerifyOptions, type VerifyReport } from "../../verify/report.ts";

/**
 * Looks at a release as a container would take it, and for what must not be in one. Nothing is unpacked.
 *
 * @throws StackError `no-template` (exit 64), `aborted`; a fault of the release is no error but a failed check
 */
export async function verifyRelease({ file, machine, signal }: VerifyOptions): Promise<VerifyReport> {
  const measured = { bytes: await sizeOf(file), sha256: await sha256Of(file, signal) };
  const record = await recordOf(file, signal);
  const hash = createHash("sha256");
  const { members, checks } = await examine(payloadOf(file, hash, signal), [
    devicesProbe(),
    identitiesProbe({ rootfs: false }),
    secretsProbe(),
    machineProbe(machine),
  ]);
  return reportOf(file, measured, members, [
    nameCheck(file, record),
    await signatureCheck(file, signal),
    payloadCheck(record, hash.digest("hex")),
    ...checks,
  ]);
}

async function memberOf(file: string, name: string, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of outputOf(takeOut(file, name), signal)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function takeOut(file: string, name: string): string[] {
  return ["tar", "--extract", "--to-stdout", "--occurrence=1", "--file", file, `./${name}`];
}

/** @returns what can't be read, in the place of the record */
async function recordOf(file: string, signal: AbortSignal): Promise<StackReleaseDocument | string> {
  try {
    return stackReleaseDocument.parse(JSON.parse((await memberOf(file, stackReleaseName, signal)).toString()));
  } catch (error) {
    if (signal.aborted) throw error;
    return `${stackReleaseName} can't be read: ${messageOf(error).split("\n")[0]}`;
  }
}

async function* payloadOf(
  file: string,
  hash: ReturnType<typeof createHash>,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  try {
    const packed = async function* () {
      for await (const chunk of outputOf(takeOut(file, packageMembers.payload), signal)) {
        hash.update(chunk);
        yield chunk;
      }
    };
    yield* Readable.from(packed(), { objectMode: false }).compose(createZstdDecompress()) as AsyncIterable<Buffer>;
  } catch (error) {
    if (signal.aborted) throw error;
    throw new StackError("damaged", messageOf(error), { cause: error });
  }
}

function nameCheck(file: string, record: StackReleaseDocument | string): Check {
  const about = { name: "name", title: "the file is named after the stack, its version and content" };
  if (typeof record === "string") return failed(about, [record]);
  const said = `${record.name}_${record.id}_${record.architecture}.stack-release`;
  return said === basename(file) ? passed(about) : failed(about, [`by its ${stackReleaseName} it is ${said}`]);
}

/** By this workstation's own key, where it has one: containers of its templates know that. */
async function signatureCheck(file: string, signal: AbortSignal): Promise<Check> {
  const about = { name: "signature", title: "signed by this workstation's key" };
  try {
    const record = await memberOf(file, stackReleaseName, signal);
    const { key, signature } = releaseSignature.parse(
      JSON.parse((await memberOf(file, packageMembers.signature, signal)).toString()),
    );
    if (!isSignedBy(record, signature, key)) return failed(about, ["the signature is not good"]);
    const own = await publicReleaseKey(configHome(process.env));
    const by = keyFingerprint(key);
    if (own !== undefined && keyFingerprint(own) === by) return passed({ ...about, title: `${about.title}, ${by}` });
    return unchecked(about, `it is by another's, ${by}`);
  } catch (error) {
    if (signal.aborted) throw error;
    return failed(about, [messageOf(error).split("\n")[0] ?? ""]);
  }
}

function payloadCheck(record: StackReleaseDocument | string, sha256: string): Check {
  const about = { name: "payload", title: "the payload is the one that is signed" };
  if (typeof record === "string") return unchecked(about, record);
  return record.payload?.sha256 === sha256 ? passed(about) : failed(about, [`its sha256 is ${sha256}`]);
}
