import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { TypeFlag } from "../../builder/pack/header.ts";
import type { Member } from "../../builder/pack/scan.ts";

/** What is wrong with a template's archive, as `pct create` would meet it. Empty: nothing. */
export function archiveFaults(members: readonly Member[], rawNames: readonly string[]): string[] {
  const faults: string[] = [];
  const seen = new Set<string>();
  for (const { name, type, target } of members) {
    if (seen.has(name)) faults.push(`${name} comes twice`);
    const parent = name.slice(0, Math.max(1, name.lastIndexOf("/")));
    if (name !== "." && !seen.has(parent)) faults.push(`${name} comes before its folder`);
    if (type === TypeFlag.hardlink && !seen.has(target))
      faults.push(`${name} links to ${target}, which is not before it`);
    if (/^\.\/dev\/./.test(name)) faults.push(`${name} lies in /dev`);
    seen.add(name);
  }
  faults.push(...rawNames.filter((name) => !name.startsWith("./")).map((name) => `${name} does not begin with ./`));
  return faults;
}

const mustBeAbsent = [
  "etc/hostname",
  "etc/resolv.conf",
  "etc/ssl/private/ssl-cert-snakeoil.key",
  "etc/ssl/certs/ssl-cert-snakeoil.pem",
  "var/lib/rabbitmq/.erlang.cookie",
  "root/.erlang.cookie",
  "var/lib/systemd/random-seed",
  "var/lib/dbus/machine-id",
  "etc/passwd-",
  "mnt/uv",
] as const;

const privateKey = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/;

/**
 * What of the building machine, or what secret or identity, is in a template's extracted
 * root file system. Empty: nothing.
 */
export function rootfsFaults(root: string): string[] {
  const faults = mustBeAbsent.filter((path) => isThere(join(root, path))).map((path) => `/${path} is there`);
  const empty = (path: string): void => {
    const left = isThere(join(root, path)) ? readdirSync(join(root, path)) : [];
    if (left.length > 0) faults.push(`/${path} is not empty: ${left.slice(0, 5).join(", ")}`);
  };
  for (const path of ["var/lib/apt/lists", "var/cache/apt", "var/lib/postgresql", "tmp", "run", "mnt"]) empty(path);
  if (readFileSync(join(root, "etc/machine-id"), "utf8").trim() !== "") faults.push("/etc/machine-id has a value");
  if (!isThere(join(root, "var/log/journal"))) faults.push("/var/log/journal is not there");
  const strangers = foreignCertificates(root);
  for (const path of textFiles(root, ["etc", "root", "home", "opt", "usr/local", "var", "usr/share/stack-agent"])) {
    const text = readFileSync(join(root, path), "latin1");
    // A key in Python's or Node's own test data would be under their folders, not one of a line by itself here.
    if (privateKey.test(text) && !/\.(py|cjs|pyc|node)$/.test(path)) faults.push(`/${path} holds a private key`);
    if (path.startsWith("etc/") && text.includes(hostname()) && hostname().length > 4)
      faults.push(`/${path} names this machine`);
    if (strangers.some((line) => text.includes(line)))
      faults.push(`/${path} holds a certificate of this machine's own`);
  }
  return faults;
}

/**
 * A telling line of each certificate that this machine trusts and the template's own
 * ca-certificates package does not bring: a company's proxy, say.
 */
function foreignCertificates(root: string): string[] {
  const bundle = process.env.SSL_CERT_FILE ?? "/etc/ssl/certs/ca-certificates.crt";
  const mozilla = join(root, "usr/share/ca-certificates/mozilla");
  const own = new Set(
    readdirSync(mozilla).map((name) => new X509Certificate(readFileSync(join(mozilla, name))).fingerprint256),
  );
  const host = isThere(bundle)
    ? readFileSync(bundle, "utf8").match(/-----BEGIN CERT[\s\S]+?-----END CERTIFICATE-----/g)
    : [];
  return (host ?? [])
    .filter((text) => !own.has(new X509Certificate(text).fingerprint256))
    .map((text) => text.split("\n")[3] ?? text);
}

function* textFiles(root: string, folders: readonly string[]): Generator<string> {
  for (const folder of folders) {
    if (!isThere(join(root, folder))) continue;
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && statSync(path).size < 2 ** 20) yield path.slice(root.length + 1);
    }
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
