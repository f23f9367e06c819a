import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import type { RequestListener } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What an archive's index says of a package, beside where its file is. */
export interface PackageFields {
  readonly name: string;
  readonly version: string;
  readonly depends?: string;
  readonly source?: string;
  readonly essential?: true;
}

/** A key that an archive is signed with. */
export interface ArchiveKey {
  readonly gpg: (...args: string[]) => Buffer;
  /** What apt reads of an InRelease file. @param path of the Release file */
  readonly signed: (path: string) => Buffer;
  /** Ends gpg's own agent. */
  readonly close: () => void;
}

/** @param home a folder to be made; a short path, gpg-agent's socket is in it */
export function archiveKey(home: string, name: string): ArchiveKey {
  mkdirSync(home, { mode: 0o700 });
  const gpg = (...args: string[]): Buffer =>
    execFileSync("gpg", ["--homedir", home, "--batch", "--passphrase", "", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
  gpg("--quick-generate-key", name, "ed25519", "sign", "never");
  return {
    gpg,
    signed: (path) => gpg("--output", "-", "--clearsign", path),
    close: () => void execFileSync("gpgconf", ["--homedir", home, "--kill", "all"]),
  };
}

/** A paragraph of deb-control(5). @param more fields of an index, after the package's own */
export function controlText(
  { name, version, depends, source, essential }: PackageFields,
  more: Readonly<Record<string, string>> = {},
): string {
  const fields = {
    Package: name,
    ...(source !== undefined && { Source: source }),
    Version: version,
    Architecture: "amd64",
    Maintainer: "Nobody <nobody@example.org>",
    Priority: essential ? "required" : "optional",
    ...(essential && { Essential: "yes" }),
    ...(depends !== undefined && { Depends: depends }),
    Description: name,
    ...more,
  };
  return Object.entries(fields)
    .map(([key, value]) => `${key}: ${value}\n`)
    .join("");
}

/** The Release file of an archive with one index, main's for amd64; made a minute ago, or before it ended. */
export function releaseText(of: {
  readonly origin: string;
  readonly suite: string;
  readonly index: string;
  readonly validUntil: Date | undefined;
}): string {
  const { origin, suite, index, validUntil } = of;
  const time = (date: Date): string => date.toUTCString().replace("GMT", "UTC");
  return [
    `Origin: ${origin}`,
    `Suite: ${suite}`,
    `Codename: ${suite}`,
    `Date: ${time(new Date((validUntil?.getTime() ?? Date.now()) - 60_000))}`,
    ...(validUntil === undefined ? [] : [`Valid-Until: ${time(validUntil)}`]),
    "Architectures: amd64",
    "Components: main",
    "SHA256:",
    ` ${sha256(index)} ${Buffer.byteLength(index)} main/binary-amd64/Packages`,
    "",
  ].join("\n");
}

/** A server on loopback. @returns its URL, without a slash at its end, and its end */
export async function served(
  listener: RequestListener,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Hex. */
export function sha256(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
