import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../lib/run.ts";

export interface Identity {
  readonly key: string;
  readonly cert: string;
  /** PEM of the node's own authority, `/etc/pve/pve-root-ca.pem`. */
  readonly ca: string;
  readonly caFile: string;
}

/** An authority of the node's own and a certificate it signed for the node, as `pvecm updatecerts` makes them. */
export async function nodeIdentity(folder: string, node = "pve1"): Promise<Identity> {
  await mkdir(folder, { recursive: true });
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: string[]) => run("openssl", args, { cwd: folder });
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await openssl(
    ...["req", "-x509", ...curve, "-keyout", "ca.key", "-out", "pve-root-ca.pem", "-days", "2"],
    ...["-subj", "/CN=Proxmox Virtual Environment/OU=stand-in/O=PVE Cluster Manager CA"],
    ...["-addext", "keyUsage=critical,keyCertSign,cRLSign"],
  );
  await openssl("req", "-new", ...curve, "-keyout", "node.key", "-out", "node.csr", "-subj", `/CN=${node}.example.org`);
  await writeFile(
    at("names"),
    `subjectAltName=IP:127.0.0.1,IP:::1,IP:10.1.1.1,IP:fd10:1:1::1,DNS:localhost,DNS:${node},DNS:${node}.example.org\n`,
  );
  await openssl(
    ...["x509", "-req", "-in", "node.csr", "-CA", "pve-root-ca.pem", "-CAkey", "ca.key", "-CAcreateserial"],
    ...["-days", "2", "-out", "node.pem", "-extfile", "names"],
  );
  const [key, cert, ca] = await Promise.all(
    ["node.key", "node.pem", "pve-root-ca.pem"].map((name) => readFile(at(name), "utf8")),
  );
  return { key: key ?? "", cert: cert ?? "", ca: ca ?? "", caFile: at("pve-root-ca.pem") };
}
