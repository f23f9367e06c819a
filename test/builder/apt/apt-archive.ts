import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { archiveKey, controlText, type PackageFields, releaseText, served, sha256 } from "./archive-key.ts";

/** A package of an index; there is no file of it. */
export type Offered = PackageFields;

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
  const signing = archiveKey(join(folder, "keys"), "test archive");
  const { url: uri, close } = await served((request, response) => {
    const path = new URL(request.url ?? "/", "http://archive").pathname;
    try {
      response.end(readFileSync(join(folder, path)));
    } catch {
      response.writeHead(404).end();
    }
  });
  return {
    uri,
    key: () => signing.gpg("--armor", "--export").toString(),
    offer(packages, below = "", fault = {}) {
      const top = join(folder, below, "dists", suite);
      mkdirSync(join(top, "main/binary-amd64"), { recursive: true });
      const index = packages.map(paragraph).join("\n");
      writeFileSync(join(top, "main/binary-amd64/Packages"), index);
      const unsigned = join(folder, "Release");
      writeFileSync(unsigned, releaseText({ origin, suite, index, validUntil: fault.validUntil }));
      const signed = signing.signed(unsigned).toString();
      writeFileSync(join(top, "InRelease"), fault.tampered ? signed.replace("amd64", "amd64 i386") : signed);
    },
    async close() {
      signing.close();
      await close();
    },
  };
}

function paragraph(one: Offered): string {
  const { name, version } = one;
  return controlText(one, {
    Filename: `pool/${name}_${version}_amd64.deb`,
    Size: "1000",
    SHA256: sha256(name),
  });
}
