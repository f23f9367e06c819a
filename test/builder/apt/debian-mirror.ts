import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Run } from "../../../lib/run.ts";
import { archiveKey, controlText, type PackageFields, releaseText, served, sha256 } from "./archive-key.ts";

export interface MirroredPackage extends PackageFields {
  /** Bytes of a file in it that can't be made smaller. */
  readonly bytes?: number;
}

/** The three archives of a Debian release. */
export type Part = "main" | "updates" | "security";

/** What is done to an answer. */
export type Fault =
  | { readonly status: number }
  /** The connection ends after so many bytes of the body. */
  | { readonly cut: number }
  /** As many bytes as promised, other ones. */
  | { readonly garbled: true }
  /** Fewer bytes, and their number is told as it is. */
  | { readonly short: number }
  /** No answer at all. */
  | { readonly refused: true };

/** Debian's archives as a proxy on loopback plays them: apt keeps their names, and asks it. */
export interface DebianMirror {
  /** Gives a part these packages, and signs its index. */
  offer(part: Part, packages: readonly MirroredPackage[], of?: { readonly validUntil?: Date }): void;
  /** From now on, and for so many requests. Later ones come first. */
  fault(path: RegExp, fault: Fault, times?: number): void;
  /** No faults any more. */
  heal(): void;
  /** Runs apt against it, whatever mirrors and proxies this machine is set to. */
  readonly run: Run;
  /** Its environment, for a whole program. */
  readonly env: Readonly<Record<string, string>>;
  /** URLs asked for since the last call. */
  asked(): string[];
  close(): Promise<void>;
}

const hosts = {
  main: "deb.debian.org/debian",
  updates: "deb.debian.org/debian",
  security: "security.debian.org/debian-security",
} as const satisfies Record<Part, string>;

export async function debianMirror(suite: string, real: Run): Promise<DebianMirror> {
  // A short path: gpg-agent's socket is in it. apt looks into it as nobody.
  const folder = mkdtempSync(join(tmpdir(), "mirror-"));
  chmodSync(folder, 0o755);
  const signing = archiveKey(join(folder, "keys"), "test mirror");
  const keyring = join(folder, "archive.gpg");
  writeFileSync(keyring, signing.gpg("--export"));
  const suites = { main: suite, updates: `${suite}-updates`, security: `${suite}-security` } as const;
  const list = join(folder, "sources.list");
  const parts = Object.keys(hosts) as Part[];
  const line = (part: Part): string => `deb [signed-by=${keyring}] http://${hosts[part]} ${suites[part]} main\n`;
  writeFileSync(list, parts.map(line).join(""));

  let faults: { readonly path: RegExp; readonly fault: Fault; left: number }[] = [];
  let asked: string[] = [];
  const { url: proxy, close } = await served((request, response) => {
    const { host, pathname } = new URL(request.url ?? "/", "http://direct");
    const url = `${host}${decodeURIComponent(pathname)}`;
    asked.push(url);
    const found = faults.find(({ path, left }) => left > 0 && path.test(url));
    if (found !== undefined) found.left -= 1;
    const file = join(folder, url);
    const body = existsSync(file) ? readFileSync(file) : undefined;
    answer(response, body, found?.fault);
  });
  const env = { http_proxy: proxy, no_proxy: "127.0.0.1" };

  const debs = new Map<string, Buffer>();
  const debOf = (one: MirroredPackage): Buffer => {
    const text = controlText(one);
    const made = debs.get(text) ?? buildDeb(join(folder, "making"), text, one.bytes ?? 0);
    debs.set(text, made);
    return made;
  };
  return {
    offer(part, packages, { validUntil } = {}) {
      const top = join(folder, hosts[part]);
      const index = packages.map((one) => {
        const deb = debOf(one);
        const path = `pool/${one.name}_${one.version.replace(/^\d+:/, "")}_amd64.deb`;
        mkdirSync(join(top, "pool"), { recursive: true });
        writeFileSync(join(top, path), deb);
        return controlText(one, { Filename: path, Size: String(deb.length), SHA256: sha256(deb) });
      });
      const dists = join(top, "dists", suites[part]);
      const text = index.join("\n");
      mkdirSync(join(dists, "main/binary-amd64"), { recursive: true });
      writeFileSync(join(dists, "main/binary-amd64/Packages"), text);
      const unsigned = join(folder, "Release");
      writeFileSync(unsigned, releaseText({ origin: "Debian", suite: suites[part], index: text, validUntil }));
      writeFileSync(join(dists, "InRelease"), signing.signed(unsigned));
    },
    fault(path, fault, times = Number.POSITIVE_INFINITY) {
      faults = [{ path, fault, left: times }, ...faults];
    },
    heal() {
      faults = [];
    },
    env,
    run: (command, args, options) => {
      const aimed = /(^|\/)apt-(get|cache|helper)$/.test(command) ? ["-o", `Dir::Etc::SourceList=${list}`] : [];
      return real(command, [...aimed, ...args], { ...options, env: { ...(options?.env ?? process.env), ...env } });
    },
    asked() {
      const before = asked;
      asked = [];
      return before;
    },
    async close() {
      signing.close();
      await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function answer(response: ServerResponse, body: Buffer | undefined, fault: Fault | undefined): void {
  if (fault !== undefined && "refused" in fault) {
    response.destroy();
  } else if (fault !== undefined && "status" in fault) {
    response.writeHead(fault.status).end();
  } else if (body === undefined) {
    response.writeHead(404).end();
  } else if (fault !== undefined && "cut" in fault) {
    response.writeHead(200, { "content-length": body.length });
    response.write(body.subarray(0, fault.cut), () => response.destroy());
  } else if (fault !== undefined && "garbled" in fault) {
    response.end(Buffer.alloc(body.length, "x"));
  } else if (fault !== undefined) {
    response.end(body.subarray(0, fault.short));
  } else response.end(body);
}

function buildDeb(tree: string, text: string, bytes: number): Buffer {
  mkdirSync(join(tree, "DEBIAN"), { recursive: true });
  writeFileSync(join(tree, "DEBIAN/control"), text);
  writeFileSync(join(tree, "payload"), randomBytes(bytes));
  const made = `${tree}.deb`;
  execFileSync("dpkg-deb", ["--root-owner-group", "-Zgzip", "--build", tree, made], { stdio: "ignore" });
  return readFileSync(made);
}
