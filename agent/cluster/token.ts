import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { ExitCode, StackError } from "../../lib/error.ts";

/**
 * What a member gives to one that is to join: `NODE.SECRET.HASH`. The node says where to go, the secret is shown there,
 * and the hash, of the cluster's authority, tells whether it is there that one is.
 */
export interface Token {
  readonly node: string;
  readonly secret: string;
  readonly authority: string;
}

/** As a member keeps it: no token can be made of it. */
export interface StoredToken {
  /** SHA-256 of the secret, hex. */
  readonly hash: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

export function makeToken(node: string, authority: string): Token {
  return { node, secret: randomBytes(24).toString("base64url"), authority };
}

export function tokenText({ node, secret, authority }: Token): string {
  return `${node}.${secret}.${authority}`;
}

/** @throws StackError `token-malformed` (exit 64); the text is not in it */
export function parseToken(text: string): Token {
  const [, node, secret, authority] = /^([a-z][a-z0-9-]*)\.([\w-]{32})\.([\w-]{43})$/.exec(text.trim()) ?? [];
  if (node !== undefined && secret !== undefined && authority !== undefined) return { node, secret, authority };
  throw new StackError("token-malformed", "this is no token, or not all of it", {
    hint: "stack-agent cluster token on a member prints one: NODE.SECRET.HASH, one word",
    exit: ExitCode.usage,
  });
}

export function storedToken({ secret }: Pick<Token, "secret">, expires: number): StoredToken {
  return { hash: hashOf(secret).toString("hex"), expires };
}

/** `valid`, `expired`, or `unknown`. Takes as long whichever it is, and compares with each. */
export function judgeSecret(
  secret: string,
  stored: readonly StoredToken[],
  now: number,
): "valid" | "expired" | "unknown" {
  const shown = hashOf(secret);
  const found = stored.filter(({ hash }) => timingSafeEqual(Buffer.from(hash, "hex"), shown));
  if (found.length === 0) return "unknown";
  return found.some(({ expires }) => now < expires) ? "valid" : "expired";
}

function hashOf(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}
