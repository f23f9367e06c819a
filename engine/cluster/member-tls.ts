import { readFile } from "node:fs/promises";
import { isErrno, StackError } from "../../lib/error.ts";
import type { ClusterFiles } from "../../stack/components/cluster/model.ts";
import { verifiedTls } from "../verified-tls.ts";

/**
 * TLS with another member of the cluster, or with this machine's own servers, which let in members alone. The files are
 * read anew each time: a certificate that was renewed is shown at the next connection.
 *
 * @param host the member's address, which must be in its certificate
 * @throws StackError `not-a-member` where this machine has no certificate, or who asks may not read it
 */
export async function memberTls(cluster: Pick<ClusterFiles, "ca" | "certificate" | "key">, host: string) {
  const read = async (path: string): Promise<string> => {
    try {
      return await readFile(path, "utf8");
    } catch (cause) {
      if (!isErrno(cause, "ENOENT", "EACCES")) throw cause;
      throw new StackError("not-a-member", `this machine's ${path} can't be read: ${cause.message}`, {
        hint: "on the first node: stack-agent cluster init; on the others: stack-agent cluster join TOKEN",
        cause,
      });
    }
  };
  const [cert, key] = await Promise.all([read(cluster.certificate), read(cluster.key)]);
  return { ...(await verifiedTls(host, cluster.ca)), cert, key };
}
