import { createHash } from "node:crypto";
import { StackError } from "../../lib/error.ts";

/**
 * Fingerprint of the primary key of an ASCII-armoured OpenPGP public key, in upper-case hex:
 * of a version 4 key the SHA-1 over its first packet (RFC 4880, 12.2).
 *
 * @throws StackError `bad-key`
 */
export function fingerprintOf(armoured: string): string {
  const body = /-----BEGIN PGP PUBLIC KEY BLOCK-----\n(?:[^\n]+\n)*?\n([\s\S]+?)\n(?:=[^\n]+\n)?-----END/.exec(
    armoured,
  )?.[1];
  const bytes = Buffer.from(body ?? "", "base64");
  const packet = publicKeyPacket(bytes);
  if (packet === undefined || packet[0] !== 4)
    throw new StackError("bad-key", "this is no OpenPGP public key, version 4");
  const length = Buffer.alloc(3);
  length.writeUInt8(0x99, 0);
  length.writeUInt16BE(packet.length, 1);
  return createHash("sha1").update(length).update(packet).digest("hex").toUpperCase();
}

/** The body of the first packet, where that is a public key (tag 6); old and new headers (RFC 4880, 4.2). */
function publicKeyPacket(bytes: Buffer): Buffer | undefined {
  if (bytes.length < 6) return undefined;
  const first = bytes.readUInt8(0);
  if ((first & 0x80) === 0) return undefined;
  const old = (first & 0x40) === 0;
  if ((old ? (first >> 2) & 0x0f : first & 0x3f) !== 6) return undefined;
  const [size, start] = old ? oldLength(bytes, first & 3) : newLength(bytes);
  return bytes.length < start + size ? undefined : bytes.subarray(start, start + size);
}

function oldLength(bytes: Buffer, kind: number): readonly [number, number] {
  if (kind === 0) return [bytes.readUInt8(1), 2];
  if (kind === 1) return [bytes.readUInt16BE(1), 3];
  return [bytes.readUInt32BE(1), 5];
}

function newLength(bytes: Buffer): readonly [number, number] {
  const one = bytes.readUInt8(1);
  if (one < 192) return [one, 2];
  if (one < 224) return [((one - 192) << 8) + bytes.readUInt8(2) + 192, 3];
  return [bytes.readUInt32BE(2), 6];
}
