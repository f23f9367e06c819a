import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { cp, mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress } from "node:zlib";
import { keyFingerprint, signBytes } from "../../../lib/key-pair.ts";
import type { Progress } from "../../../lib/progress/progress.ts";
import { agentReleaseZero } from "../../../stack/agent-releases.ts";
import {
  ownFolderName,
  packageMembers,
  releaseSignature,
  type StackReleaseDocument,
  servicesFolderName,
  stackReleaseDocument,
  stackReleaseName,
} from "../../../stack/documents/stack-release.ts";
import { archiveOfEntries, type Entry } from "../../archive/archive-of-entries.ts";
import type { MadeLayers } from "../../build/make-layers.ts";
import { archiveOf } from "../../cache/raw.ts";
import { sourceDateEpoch } from "../../context.ts";
import { inputTo, outputOf } from "../../output-of.ts";
import { configHome, releaseKeyPair } from "../../provenance/release-key.ts";

/** Paths, and what tells of the release. */
export interface ReleaseArtefacts {
  readonly release: string;
  readonly id: string;
  readonly bytes: number;
  /** Hex, of the file. */
  readonly sha256: string;
  /** Fingerprint of the key that signed it. */
  readonly key: string;
  /** It was made for this release. */
  readonly madeKey: boolean;
  /** Whose it says it is. */
  readonly by: string;
}

/**
 * Makes the stack's release: a tar of its `release.json`, the signature over that, and the payload, whose digest is
 * in it. Same input and same key, same bytes.
 *
 * @throws StackError `bad-release-key`, `command-failed`
 */
export function renderRelease(made: MadeLayers, { step }: Progress): Promise<ReleaseArtefacts> {
  return step("release", made.context.model.name, () => packRelease(made));
}

async function packRelease(made: MadeLayers): Promise<ReleaseArtefacts> {
  const { model, out, signal, work } = made.context;
  const root = join(work, "release");
  const record = await fill(root, made);
  const payload = join(work, packageMembers.payload);
  const tar = ["tar", ...flags, "--directory", root, "."];
  const zstd = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 9 } });
  await pipeline(Readable.from(outputOf(tar, signal), { objectMode: false }), zstd, createWriteStream(payload));
  const content = { ...record, payload: { bytes: (await stat(payload)).size, sha256: await digest(payload) } };
  const hash = createHash("sha256").update(JSON.stringify(content)).digest("hex");
  const id = `${model.version}-${hash.slice(0, 8)}`;
  const whole = { ...content, id };
  const text = `${JSON.stringify(whole, undefined, 2)}\n`;
  const keys = await releaseKeyPair(configHome(process.env));
  const by = `${userInfo().username}@${hostname()}`;
  const signature = { schemaVersion: 1, key: keys.public, signature: signBytes(Buffer.from(text), keys.private), by };
  const file = `${model.name}_${id}_${model.architecture}.stack-release`;
  const temporary = join(out, `.${file}.${process.pid}.tmp`);
  const member = (name: string, content: Entry["content"]): Entry => ({ path: `/${name}`, mode: 0o644, content });
  const members = [
    member(stackReleaseName, { kind: "text", text }),
    member(packageMembers.signature, {
      kind: "text",
      text: `${JSON.stringify(releaseSignature.parse(signature), undefined, 2)}\n`,
    }),
    member(packageMembers.payload, { kind: "file", from: payload }),
  ];
  await mkdir(out, { recursive: true });
  try {
    await pipeline(archiveOfEntries(members, sourceDateEpoch), createWriteStream(temporary), { signal });
    await rename(temporary, join(out, file));
  } finally {
    await rm(temporary, { force: true });
  }
  const path = join(out, file);
  return {
    ...{ release: path, id, bytes: (await stat(path)).size, sha256: await digest(path) },
    ...{ key: keyFingerprint(keys.public), madeKey: keys.isNew, by },
  };
}

/** One archive of one tree, whoever builds. */
const flags = [
  ...["--create", "--sort=name", "--format=posix", "--numeric-owner", "--owner=0", "--group=0"],
  ...["--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime", `--mtime=@${sourceDateEpoch}`],
];

/** Lays a release's folder, as it will be in the container. @returns its record */
async function fill(root: string, { context, layers, overlayInputs, plan }: MadeLayers): Promise<StackReleaseDocument> {
  const { model, signal, own } = context;
  await mkdir(root);
  const unpack = (archive: AsyncIterable<Buffer>, ...more: string[]): Promise<void> => {
    const tar = ["tar", "--extract", "--no-same-owner", "--preserve-permissions", "-C", root, ...more];
    return inputTo(Readable.from(archive, { objectMode: false }), tar, signal);
  };
  // `./opt/stack-agent/releases/0/bin/node` is `bin/node` here.
  const strip = `--strip-components=${agentReleaseZero.split("/").length}`;
  const inside = [strip, "--anchored", `.${agentReleaseZero}`];
  await unpack(archiveOf(layers.node), ...inside);
  await unpack(archiveOf(layers.agent), ...inside);
  const below = overlayInputs.entries.filter(({ path }) => path.startsWith(`${agentReleaseZero}/`));
  await unpack(archiveOfEntries(below, sourceDateEpoch), strip);
  const ownFolder = join(root, ownFolderName);
  await mkdir(ownFolder);
  const files = own.filter(({ content }) => content.kind === "text" || content.kind === "file");
  await inputTo(
    Readable.from(archiveOfEntries(files, sourceDateEpoch), { objectMode: false }),
    ["tar", "--extract", "--no-same-owner", "--preserve-permissions", "-C", ownFolder],
    signal,
  );
  for (const { name, source } of model.services) {
    const found = plan.sources.get(source);
    if (found === undefined) continue;
    const folder = join(root, servicesFolderName, name);
    await mkdir(folder, { recursive: true });
    for (const file of found.files) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await cp(join(found.folder, file), join(folder, file), { dereference: true });
    }
    if (found.lockText !== undefined) await writeFile(join(folder, "requirements.lock"), found.lockText);
  }
  await context.run("chmod", ["--recursive", "u=rwX,go=rX", root], { signal });
  // The package's own stands beside the payload, whose digest it has.
  const record = overlayInputs.entries.find(({ path }) => path === `${agentReleaseZero}/${stackReleaseName}`);
  await rm(join(root, stackReleaseName));
  if (record?.content.kind !== "text") throw new TypeError("the overlay has no record of its release");
  return stackReleaseDocument.parse(JSON.parse(record.content.text));
}

async function digest(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
