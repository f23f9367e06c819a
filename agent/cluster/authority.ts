import { createHash, generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Run } from "../../lib/run.ts";
import type { ClusterNode } from "../../stack/components/cluster/model.ts";
import { loopback } from "../../stack/loopback.ts";

/*
 * The cluster's own authority: OpenSSL makes its certificates (openssl-ca(1)), each in a folder that is root's and gone
 * afterwards. A key is never an argument, and leaves the process in a file of mode 0600 alone.
 */

const day = 86_400_000;

/** Certificates hold from a day before they were made: a clock may be wrong by an hour, and nothing breaks. */
const early = day;

export const lifetimes = { authority: 3650 * day, node: 90 * day } as const;

interface Signing {
  readonly run: Run;
  readonly now: () => Date;
}

/** A private key, PKCS #8 in PEM. */
export function makeKey(): string {
  return generateKeyPairSync("ec", {
    namedCurve: "prime256v1",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  }).privateKey;
}

/** The authority's own certificate, by its key's file. */
export function signAuthority(stack: string, keyFile: string, { run, now }: Signing): Promise<string> {
  return inFolder(async (folder) => {
    const csr = join(folder, "request");
    await writeFile(
      join(folder, "config"),
      config(folder, [
        "basicConstraints=critical,CA:TRUE,pathlen:0",
        "keyUsage=critical,keyCertSign,cRLSign",
        "subjectKeyIdentifier=hash",
      ]),
    );
    const of = ["-config", join(folder, "config")];
    await run("openssl", ["req", "-new", "-key", keyFile, "-subj", `/CN=cluster of ${stack}`, "-out", csr, ...of]);
    const signed = ["ca", "-batch", "-notext", "-selfsign", "-keyfile", keyFile, "-in", csr, ...of];
    return certificateOf(await run("openssl", [...signed, ...dates(now(), lifetimes.authority)]));
  });
}

/** What a node asks to be signed: nothing but its public key counts. */
export function requestFor(node: ClusterNode, keyFile: string, { run }: Pick<Signing, "run">): Promise<string> {
  return inFolder(async (folder) => {
    await writeFile(join(folder, "config"), config(folder, []));
    const of = ["-config", join(folder, "config")];
    return (await run("openssl", ["req", "-new", "-key", keyFile, "-subj", `/CN=${node.name}`, ...of])).stdout;
  });
}

/** A node's certificate for its name and its address, whatever the request says. @throws StackError `command-failed` */
export function signNode(
  request: string,
  { name, address }: ClusterNode,
  authority: { readonly certificateFile: string; readonly keyFile: string },
  { run, now }: Signing,
): Promise<string> {
  return inFolder(async (folder) => {
    const csr = join(folder, "request");
    await writeFile(csr, request);
    await writeFile(
      join(folder, "config"),
      config(folder, [
        "basicConstraints=critical,CA:FALSE",
        "keyUsage=critical,digitalSignature",
        "extendedKeyUsage=serverAuth,clientAuth",
        `subjectAltName=DNS:${name},DNS:localhost,IP:${address},IP:${loopback}`,
        "subjectKeyIdentifier=hash",
        "authorityKeyIdentifier=keyid",
      ]),
    );
    const of = ["-config", join(folder, "config"), "-cert", authority.certificateFile, "-keyfile", authority.keyFile];
    const signed = ["ca", "-batch", "-notext", "-subj", `/CN=${name}`, "-in", csr, ...of];
    return certificateOf(await run("openssl", [...signed, ...dates(now(), lifetimes.node)]));
  });
}

/** SHA-256 of the authority's public key, as a token carries it. */
export function keyHash(certificate: X509Certificate): string {
  const key = certificate.publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(key).digest("base64url");
}

/** Whether a certificate is the authority's of itself. */
export function isAuthority(certificate: X509Certificate): boolean {
  return certificate.ca && certificate.verify(certificate.publicKey);
}

function config(folder: string, extensions: readonly string[]): string {
  return `[req]
prompt=no
distinguished_name=subject
[subject]
CN=unnamed
[ca]
default_ca=own
[own]
database=${folder}/index
new_certs_dir=${folder}
rand_serial=yes
default_md=sha256
policy=any
unique_subject=no
email_in_dn=no
copy_extensions=none
x509_extensions=extensions
[any]
commonName=supplied
[extensions]
${extensions.join("\n")}
`;
}

/** openssl-ca(1): UTC, of four digits' year. */
function dates(now: Date, lifetime: number): string[] {
  const text = (milliseconds: number): string => `${new Date(milliseconds).toISOString().replace(/[-:T]|\..*/g, "")}Z`;
  return ["-startdate", text(now.getTime() - early), "-enddate", text(now.getTime() + lifetime)];
}

function certificateOf({ stdout }: { readonly stdout: string }): string {
  return `${new X509Certificate(stdout).toString().trimEnd()}\n`;
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "stack-cluster-"));
  try {
    await writeFile(join(folder, "index"), "");
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A certificate of a file; undefined: there is none, or it is none. */
export async function readCertificate(path: string): Promise<X509Certificate | undefined> {
  try {
    return new X509Certificate(await readFile(path));
  } catch {
    return undefined;
  }
}
