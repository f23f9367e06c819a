import { timingSafeEqual } from "node:crypto";
import { rabbitmqHash, scramVerifier, secretForms } from "./secret-forms.ts";

/**
 * Whether what a server or file holds is this secret, whatever salt it was made with:
 * a SCRAM verifier, a RabbitMQ password hash, a sha256 in hex, or the value itself.
 */
export function secretMatches(value: string, stored: string): boolean {
  const scram = /^SCRAM-SHA-256\$(\d{1,7}):([A-Za-z0-9+/=]+)\$/.exec(stored);
  if (scram !== null) {
    return equal(scramVerifier(value, Buffer.from(scram[2] ?? "", "base64"), Number(scram[1])), stored);
  }
  if (/^[0-9a-f]{64}$/.test(stored) && equal(secretForms.sha256(value), stored)) return true;
  const bytes = Buffer.from(stored, "base64");
  if (bytes.length === 36 && equal(rabbitmqHash(value, bytes.subarray(0, 4)), stored)) return true;
  return equal(value, stored);
}

function equal(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
