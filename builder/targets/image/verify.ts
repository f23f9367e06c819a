import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import * as z from "zod/mini";
import { messageOf, StackError } from "../../../lib/error.ts";
import { readArchive } from "../../archive/read-archive.ts";
import { type Check, failed, passed } from "../../verify/check.ts";
import { checksumCheck } from "../../verify/checksum.ts";
import { examine } from "../../verify/examine.ts";
import { sha256Of, sizeOf } from "../../verify/measure.ts";
import { devicesProbe } from "../../verify/probes/devices.ts";
import { identitiesProbe } from "../../verify/probes/identities.ts";
import { machineProbe } from "../../verify/probes/machine.ts";
import { secretsProbe } from "../../verify/probes/secrets.ts";
import { reportOf, type VerifyOptions, type VerifyReport } from "../../verify/report.ts";
import { blobPath, mediaType } from "./blob-store.ts";

const descriptor = z.object({ mediaType: z.string(), digest: z.string(), size: z.int() });
const index = z.object({ schemaVersion: z.literal(2), manifests: z.array(descriptor) });
const manifest = z.object({
  schemaVersion: z.literal(2),
  config: descriptor,
  layers: z.array(descriptor),
  subject: z.optional(descriptor),
});
const configuration = z.object({
  os: z.literal("linux"),
  rootfs: z.object({ type: z.literal("layers"), diff_ids: z.array(z.string()) }),
});

/**
 * Looks at an archive of images: that each blob is what it is named, that what refers to a blob finds
 * it, that layers unpack to what configurations say; and for what must not be in one. Nothing is unpacked.
 *
 * @throws StackError `no-template` (exit 64), `aborted`; a fault of the images is no error but a failed check
 */
export async function verifyImages({ file, machine, signal }: VerifyOptions): Promise<VerifyReport> {
  const measured = { bytes: await sizeOf(file), sha256: await sha256Of(file, signal) };
  const layout = await readLayout(file, signal);
  if (typeof layout === "string") {
    const about = { name: "layout", title: "an OCI image layout" };
    return reportOf(file, measured, 0, [await checksumCheck(file, measured), failed(about, [layout])]);
  }
  const graph = followed(layout);
  const content = await examineLayers(file, graph.layers, signal, machine);
  return reportOf(file, measured, content.members, [
    await checksumCheck(file, measured),
    check({ name: "blobs", title: "each blob is what it is named" }, layout.faults),
    check({ name: "layout", title: "what refers to a blob finds it, of the size it says" }, graph.faults),
    check({ name: "layers", title: "layers unpack to what the images' configurations say" }, content.faults),
    ...content.checks,
  ]);
}

interface Layout {
  /** Every file by its name; the text of small ones. */
  readonly files: ReadonlyMap<string, { readonly size: number; readonly text?: string }>;
  readonly faults: readonly string[];
}

const maxText = 4 * 1024 * 1024;

/** @returns what can't be read, in the place of the layout */
async function readLayout(file: string, signal: AbortSignal): Promise<Layout | string> {
  const files = new Map<string, { readonly size: number; readonly text?: string }>();
  const faults: string[] = [];
  try {
    for await (const { member, content } of readArchive(createReadStream(file, { signal }))) {
      const name = member.name.slice(2);
      const hash = createHash("sha256");
      const chunks: Buffer[] = [];
      for await (const chunk of content) {
        hash.update(chunk);
        if (member.size <= maxText) chunks.push(chunk);
      }
      const text = Buffer.concat(chunks);
      files.set(name, {
        size: member.size,
        ...(text[0] === 0x7b || text[0] === 0x5b ? { text: text.toString() } : {}),
      });
      const digest = hash.digest("hex");
      const said = /^blobs\/sha256\/(.+)$/.exec(name)?.[1];
      if (said !== undefined && said !== digest) faults.push(`${name} has the sha256 ${digest}`);
    }
    return files.has("index.json") && files.has("oci-layout")
      ? { files, faults }
      : "it has no oci-layout and index.json";
  } catch (error) {
    if (signal.aborted) throw error;
    return messageOf(error);
  }
}

interface Graph {
  /** By digest, what the layer unpacks to. */
  readonly layers: ReadonlyMap<string, string>;
  readonly faults: readonly string[];
}

function followed({ files }: Layout): Graph {
  const faults: string[] = [];
  const layers = new Map<string, string>();
  const find = <S extends z.ZodMiniType>(one: z.output<typeof descriptor>, schema: S): z.output<S> | undefined => {
    const found = present(one);
    if (found?.text === undefined) return undefined;
    const parsed = schema.safeParse(jsonOf(found.text));
    if (!parsed.success) faults.push(`${blobPath(one.digest)} is no ${one.mediaType}`);
    return parsed.success ? parsed.data : undefined;
  };
  const present = ({ digest, size }: z.output<typeof descriptor>) => {
    const found = files.get(blobPath(digest));
    if (found === undefined) faults.push(`there is no ${blobPath(digest)}`);
    else if (found.size !== size) faults.push(`${blobPath(digest)} has ${found.size} bytes, and ${size} are said`);
    return found;
  };
  const top = index.safeParse(jsonOf(files.get("index.json")?.text ?? ""));
  if (!top.success) faults.push("index.json is no image index");
  for (const one of top.data?.manifests ?? []) {
    const image = find(one, manifest);
    if (image === undefined) continue;
    for (const layer of image.layers) present(layer);
    if (image.subject !== undefined) present(image.subject);
    if (image.config.mediaType !== mediaType.config) continue;
    const said = find(image.config, configuration)?.rootfs.diff_ids ?? [];
    if (said.length !== image.layers.length) {
      faults.push(`${blobPath(image.config.digest)} names ${said.length} layers of ${image.layers.length}`);
    }
    for (const [at, { digest }] of image.layers.entries()) layers.set(digest, said[at] ?? "");
  }
  return { layers, faults };
}

async function examineLayers(
  file: string,
  layers: ReadonlyMap<string, string>,
  signal: AbortSignal,
  machine: VerifyOptions["machine"],
): Promise<{ readonly members: number; readonly faults: string[]; readonly checks: Check[] }> {
  const faults: string[] = [];
  const found = new Map<string, Check>();
  let members = 0;
  for await (const { member, content } of readArchive(createReadStream(file, { signal }))) {
    const digest = `sha256:${basename(member.name)}`;
    const said = layers.get(digest);
    if (said === undefined) continue;
    const hash = createHash("sha256");
    const examined = await examine(unpacked(content, hash), [
      devicesProbe(),
      identitiesProbe({ rootfs: false, folders: true }),
      secretsProbe(),
      machineProbe(machine),
    ]);
    members += examined.members;
    const actual = `sha256:${hash.digest("hex")}`;
    if (examined.whole && actual !== said)
      faults.push(`${member.name.slice(2)} unpacks to ${actual}, and ${said} is said`);
    for (const one of examined.checks) {
      const before = found.get(one.name);
      found.set(one.name, before === undefined || one.state !== "ok" ? one : before);
    }
  }
  return { members, faults, checks: [...found.values()] };
}

async function* unpacked(content: AsyncIterable<Buffer>, hash: ReturnType<typeof createHash>): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of Readable.from(content, { objectMode: false }).compose(createGunzip())) {
      hash.update(chunk as Buffer);
      yield chunk as Buffer;
    }
  } catch (error) {
    throw new StackError("damaged", messageOf(error), { cause: error });
  }
}

function check(about: Pick<Check, "name" | "title">, findings: readonly string[]): Check {
  return findings.length === 0 ? passed(about) : failed(about, findings);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
