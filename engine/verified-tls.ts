import { readFile } from "node:fs/promises";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { isErrno, StackError } from "../lib/error.ts";

/**
 * TLS with a server whose certificate one of these authorities has signed, for this very name or address: libpq's
 * `verify-full`.
 *
 * @throws StackError `no-authorities` where the file can't be read
 */
export async function verifiedTls(host: string, ca: string) {
  const text = await readFile(ca, "utf8").catch((error: unknown) => {
    if (!isErrno(error, "ENOENT", "EACCES", "EISDIR")) throw error;
    throw new StackError("no-authorities", `the certificates in ${ca} can't be read: ${error.message}`, {
      hint: "put the file beside stack.yaml in rootfs-overlay, by that path; docs/external-engines.md",
    });
  });
  return {
    ca: text,
    // Drivers give TLS no name where the host is an address.
    checkServerIdentity: (_: string, certificate: PeerCertificate) => checkServerIdentity(host, certificate),
  };
}
