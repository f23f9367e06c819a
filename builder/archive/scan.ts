import { isStackError, StackError } from "../../lib/error.ts";
import { TypeFlag } from "./header.ts";
import { memberTypes, type ReadMember, readArchive, type StreamedMember } from "./read-archive.ts";

/** A member of an archive on disk. */
export interface Member extends StreamedMember {
  /** Offset of its first header block, the extended ones before it included. */
  readonly start: number;
  /** Offset of its content. */
  readonly content: number;
  /** Offset of the next member. */
  readonly end: number;
}

/** Unprivileged containers map 65536 ids: `pct create` fails on any other. */
const maxId = 65535;
const special: ReadonlySet<string> = new Set([TypeFlag.character, TypeFlag.block]);

/**
 * Lists an archive's members as its bytes flow by, for one that is to be a layer.
 *
 * @param source what the archive is, for messages
 * @param pass is given the bytes that belong to members, in order: never the blocks of zeros that
 *   end the archive
 * @throws StackError `bad-archive`; `id-out-of-range` for an owner of 65536 or more;
 *   `device-node`, which an unprivileged container can't make
 */
export async function scan(
  archive: AsyncIterable<Buffer>,
  source: string,
  pass: (bytes: Buffer) => Promise<void> = async () => {},
): Promise<Member[]> {
  const members: Member[] = [];
  let at = 0;
  for await (const { member, head, body } of named(readArchive(archive), source)) {
    refuseUnfit(member, source);
    const start = at;
    const content = start + head.length;
    await pass(head);
    at = content;
    for await (const bytes of body) {
      await pass(bytes);
      at += bytes.length;
    }
    members.push({ ...member, start, content, end: at });
  }
  return members;
}

async function* named(read: AsyncIterable<ReadMember>, source: string): AsyncGenerator<ReadMember> {
  try {
    yield* read;
  } catch (error) {
    if (!isStackError(error) || error.code !== "bad-archive") throw error;
    throw new StackError(error.code, `${source}: ${error.message}`);
  }
}

function refuseUnfit({ name, type, uid, gid }: StreamedMember, source: string): void {
  if (special.has(type)) {
    throw new StackError("device-node", `${source} holds the device node ${name}`, {
      hint: "an unprivileged container can't make device nodes; systemd and LXC fill /dev at boot",
    });
  }
  if (!memberTypes.has(type)) {
    throw new StackError("bad-archive", `${source}: ${name} is of the unknown type ${JSON.stringify(type)}`);
  }
  if (uid > maxId || gid > maxId) {
    throw new StackError("id-out-of-range", `${name} belongs to ${uid}:${gid}; a container has ids up to ${maxId}`);
  }
}
