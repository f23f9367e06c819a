import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readTextIfAny } from "../../lib/files.ts";
import { run } from "../../lib/run.ts";

const hostBundle = process.env.SSL_CERT_FILE ?? "/etc/ssl/certs/ca-certificates.crt";

/**
 * Certificates in an extracted rootfs that Debian didn't bring: trusted ones beside Mozilla's,
 * and those of this machine's own authorities anywhere. A build behind a company's proxy is
 * lent them, and they must not stay.
 */
export async function foreignAuthorities(rootfs: string): Promise<string[]> {
  const debian = new Set<string>();
  const packaged = await run("find", [join(rootfs, "usr/share/ca-certificates"), "-name", "*.crt"]);
  for (const path of packaged.stdout.trim().split("\n")) {
    for (const one of certificates(await readFile(path, "utf8"))) debian.add(one);
  }
  if (debian.size < 100) return ["Debian's own authorities are missing"];
  const trusted = certificates((await readTextIfAny(join(rootfs, "etc/ssl/certs/ca-certificates.crt"))) ?? "");
  const foreign = trusted.filter((one) => !debian.has(one)).map(summary);
  for (const one of certificates((await readTextIfAny(hostBundle)) ?? "")) {
    // Debian's list changes with its version; what it knows is no secret of this machine.
    if (debian.has(one)) continue;
    // Within the signature: the first lines are the same in each issue of one authority's certificate.
    const telling = one.split("\n").at(-4) ?? "";
    const found = await run("grep", ["-rlF", "--", telling, rootfs], { accept: [0, 1] });
    const files = found.stdout.split("\n").filter((path) => path !== "" && !isCertifi(path));
    foreign.push(...files.map((path) => path.slice(rootfs.length)));
  }
  return [...new Set(foreign)];
}

/** Python's own copy of Mozilla's list, of another date than Debian's. */
function isCertifi(path: string): boolean {
  return /\/certifi\/cacert\.pem$/.test(path);
}

function certificates(bundle: string): string[] {
  return bundle.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? [];
}

function summary(certificate: string): string {
  return `${certificate.split("\n")[1]?.slice(0, 40)}… is trusted`;
}
