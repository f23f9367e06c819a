import { createHash, createHmac } from "node:crypto";

/** A server's public key as SSH sends it. */
export interface HostKey {
  /** `ssh-ed25519` … */
  readonly type: string;
  readonly blob: Buffer;
}

/** One line of a known_hosts file that speaks of some host. */
export interface KnownHost {
  readonly marker: "@revoked" | "@cert-authority" | undefined;
  readonly names: string;
  readonly type: string;
  /** base64 */
  readonly key: string;
  /** For messages: "/root/.ssh/known_hosts:3". */
  readonly place: string;
}

/** What is known of a server's key. `others`: the lines that name the host with another key of this type. */
export type HostVerdict =
  | { readonly kind: "known" }
  | { readonly kind: "revoked"; readonly place: string }
  | { readonly kind: "changed"; readonly places: readonly string[] }
  | { readonly kind: "unknown"; readonly authority: string | undefined };

/** The lines of a known_hosts file, sshd(8) "SSH_KNOWN_HOSTS FILE FORMAT"; what is no such line is left out. */
export function readKnownHosts(text: string, path: string): KnownHost[] {
  return text.split("\n").flatMap((line, index) => {
    const words = line.trim().split(/\s+/);
    const marker = words[0] === "@revoked" || words[0] === "@cert-authority" ? words[0] : undefined;
    const [names = "", type, key] = marker === undefined ? words : words.slice(1);
    if (names.startsWith("#") || names.startsWith("@") || type === undefined || key === undefined) return [];
    return [{ marker, names, type, key, place: `${path}:${index + 1}` }];
  });
}

/**
 * What the lines say of a key that a server shows. As OpenSSH has it: a revoked key is never
 * known; at another port than 22 a line without the port is good enough to be known by, but
 * says nothing against another key.
 */
export function judgeHostKey(lines: readonly KnownHost[], host: string, port: number, key: HostKey): HostVerdict {
  const shown = key.blob.toString("base64");
  const same = (line: KnownHost): boolean => line.type === key.type && line.key === shown;
  const own = lines.filter((line) => names(line, port === 22 ? host : `[${host}]:${port}`));
  const plain = port === 22 ? [] : lines.filter((line) => names(line, host));
  const revoked = [...own, ...plain].find((line) => line.marker === "@revoked" && same(line));
  if (revoked !== undefined) return { kind: "revoked", place: revoked.place };
  if ([...own, ...plain].some((line) => line.marker === undefined && same(line))) return { kind: "known" };
  const others = own.filter((line) => line.marker === undefined && line.type === key.type);
  if (others.length > 0) return { kind: "changed", places: others.map(({ place }) => place) };
  const authority = [...own, ...plain].find((line) => line.marker === "@cert-authority");
  return { kind: "unknown", authority: authority?.place };
}

/** Types of the keys that a host is known by: they are what it is to be asked for first. */
export function knownTypes(lines: readonly KnownHost[], host: string, port: number): readonly string[] {
  const name = port === 22 ? host : `[${host}]:${port}`;
  const found = lines.filter((line) => line.marker === undefined && (names(line, name) || names(line, host)));
  return [...new Set(found.map(({ type }) => type))];
}

/** The line that makes a key known. */
export function knownHostsLine(host: string, port: number, key: HostKey): string {
  return `${port === 22 ? host : `[${host}]:${port}`} ${key.type} ${key.blob.toString("base64")}`;
}

/** `SHA256:…`, as ssh-keygen -l shows it. */
export function hostKeyFingerprint(blob: Buffer): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** The type is the first of the fields that a key consists of. */
export function hostKey(blob: Buffer): HostKey {
  return { type: blob.subarray(4, 4 + blob.readUInt32BE(0)).toString("latin1"), blob };
}

function names(line: KnownHost, name: string): boolean {
  const asked = name.toLowerCase();
  const hashed = /^\|1\|([^|]+)\|(.+)$/.exec(line.names);
  if (hashed?.[1] !== undefined && hashed[2] !== undefined) {
    return createHmac("sha1", Buffer.from(hashed[1], "base64")).update(asked).digest("base64") === hashed[2];
  }
  const patterns = line.names.toLowerCase().split(",");
  if (patterns.some((pattern) => pattern.startsWith("!") && matches(pattern.slice(1), asked))) return false;
  return patterns.some((pattern) => matches(pattern, asked));
}

/**
 * Whether a name is of a pattern, in which `*` stands for anything and `?` for one character. In steps as many as
 * both are long together at best, as their product at worst: a regular expression of many `*` has no such limit.
 */
function matches(pattern: string, name: string): boolean {
  let [at, of] = [0, 0];
  // Where the last `*` is, and up to where it has taken the name.
  let [star, taken] = [-1, 0];
  while (of < name.length) {
    if (pattern[at] === "*") [star, taken] = [at++, of];
    else if (pattern[at] === "?" || pattern[at] === name[of]) [at, of] = [at + 1, of + 1];
    else if (star >= 0) [at, of] = [star + 1, ++taken];
    else return false;
  }
  while (pattern[at] === "*") at += 1;
  return at === pattern.length;
}
