import { createHash, createHmac, pbkdf2Sync } from "node:crypto";

/** PostgreSQL's default (`SCRAM_SHA_256_DEFAULT_ITERATIONS`). */
const SCRAM_ITERATIONS = 4096;

/**
 * A secret's value as it stands in a file or statement. Salts are derived from the value:
 * the same secret always gives the same text, so comparing needs no memory.
 */
export const secretForms = {
  plain: (value) => value,
  scram: (value) => scramVerifier(value, derivedSalt(value, "scram", 16), SCRAM_ITERATIONS),
  "rabbitmq-hash": (value) => rabbitmqHash(value, derivedSalt(value, "rabbitmq", 4)),
  sha256: (value) => createHash("sha256").update(value, "utf8").digest("hex"),
} as const satisfies Readonly<Record<string, (value: string) => string>>;

export type SecretForm = keyof typeof secretForms;

export const secretFormNames = Object.keys(secretForms) as readonly SecretForm[];

export function isSecretForm(name: string): name is SecretForm {
  return Object.hasOwn(secretForms, name);
}

/**
 * What PostgreSQL keeps in `pg_authid.rolpassword` and takes in `PASSWORD '…'`:
 * `SCRAM-SHA-256$ITERATIONS:SALT$StoredKey:ServerKey`, all base64
 * (PostgreSQL documentation, pg_authid; RFC 5803). Values are ASCII, so SASLprep changes nothing.
 */
export function scramVerifier(value: string, salt: Buffer, iterations: number): string {
  const salted = pbkdf2Sync(value, salt, iterations, 32, "sha256");
  const storedKey = createHash("sha256").update(hmac(salted, "Client Key")).digest("base64");
  const serverKey = hmac(salted, "Server Key").toString("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${storedKey}:${serverKey}`;
}

/** RabbitMQ's `password_hash` with rabbit_password_hashing_sha256: base64(salt + sha256(salt + password)), 4 bytes of salt. */
export function rabbitmqHash(value: string, salt: Buffer): string {
  const digest = createHash("sha256").update(salt).update(value, "utf8").digest();
  return Buffer.concat([salt, digest]).toString("base64");
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function derivedSalt(value: string, purpose: string, bytes: number): Buffer {
  return createHmac("sha256", value).update(`stack-agent salt: ${purpose}`).digest().subarray(0, bytes);
}
