import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

export interface Offered {
  readonly name: string;
  readonly version: string;
  readonly depends?: string;
  readonly essential?: true;
}

/** What is wrong with an archive. */
export interface Fault {
  /** The signed list of digests was changed afterwards. */
  readonly tampered?: boolean;
  readonly validUntil?: Date;
}

/** A signed archive beside Debian's on loopback, as small as one can be: an index, no packages. */
export interface AptArchive {
  /** Changes what it has, below a folder of its own or at its top, and signs that. */
  offer(packages: readonly Offered[], below?: string, fault?: Fault): void;
  /** Without a slash at its end. */
  readonly uri: string;
  /** Its public key, ASCII-armoured. */
  key(): string;
  close(): Promise<void>;
}

export async function aptArchive(
  folder: string,
  suite: string,
  { origin }: { readonly origin: string },
): Promise<AptArchive> {
  const home = join(folder, "keys");
  mkdirSync(home, { mode: 0o700 });
  const gpg = (...args: string[]): Buffer =>
    execFileSync("gpg", ["--homedir", home, "--batch", "--passphrase", "", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
  gpg("--quick-generate-key", "test archive", "ed25519", "sign", "never");
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://archive").pathname;
    try {
      response.end(readFileSync(join(folder, path)));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    uri: `http://127.0.0.1:${port}`,
    key: () => gpg("--armor", "--export").toString(),
    offer(packages, below = "", fault = {}) {
      const top = join(folder, below, "dists", suite);
      mkdirSync(join(top, "main/binary-amd64"), { recursive: true });
      const index = packages.map(paragraph).join("\n");
      writeFileSync(join(top, "main/binary-amd64/Packages"), index);
      writeFileSync(join(folder, "Release"), release(origin, suite, index, fault.validUntil));
      const signed = gpg("--output", "-", "--clearsign", join(folder, "Release")).toString();
      writeFileSync(join(top, "InRelease"), fault.tampered ? signed.replace("amd64", "amd64 i386") : signed);
    },
    async close() {
      execFileSync("gpgconf", ["--homedir", home, "--kill", "all"]);
      await closed(server);
    },
  };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

function paragraph({ name, version, depends, essential }: Offered): string {
  const lines = {
    Package: name,
    Version: version,
    Architecture: "amd64",
    Maintainer: "Nobody <nobody@example.org>",
    Priority: essential ? "required" : "optional",
    ...(essential && { Essential: "yes" }),
    ...(depends !== undefined && { Depends: depends }),
    Filename: `pool/${name}_${version}_amd64.deb`,
    Size: "1000",
    SHA256: createHash("sha256").update(name).digest("hex"),
    Description: name,
  };
  return Object.entries(lines)
    .map(([key, value]) => `${key}: ${value}\n`)
    .join("");
}

function release(origin: string, suite: string, index: string, validUntil: Date | undefined): string {
  const time = (date: Date): string => date.toUTCString().replace("GMT", "UTC");
  const digest = createHash("sha256").update(index).digest("hex");
  return [
    `Origin: ${origin}`,
    `Suite: ${suite}`,
    `Codename: ${suite}`,
    `Date: ${time(new Date((validUntil?.getTime() ?? Date.now()) - 60_000))}`,
    ...(validUntil === undefined ? [] : [`Valid-Until: ${time(validUntil)}`]),
    "Architectures: amd64",
    "Components: main",
    "SHA256:",
    ` ${digest} ${Buffer.byteLength(index)} main/binary-amd64/Packages`,
    "",
  ].join("\n");
}
