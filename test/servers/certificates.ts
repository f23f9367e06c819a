import { join } from "node:path";
import { run } from "../../lib/run.ts";

const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/**
 * An authority, a server's key and certificate of it, and an authority that has signed nothing.
 *
 * @param names of the server, as openssl takes them: `DNS:localhost`, `IP:127.0.0.1`
 */
export async function certificates(folder: string, names: readonly string[]) {
  const at = (name: string) => join(folder, name);
  const authority = (name: string) =>
    run("openssl", [
      ...["req", "-x509", ...key, "-days", "30", "-subj", `/CN=${name}`],
      ...["-keyout", at(`${name}.key`), "-out", at(`${name}.pem`)],
    ]);
  await authority("ours");
  await authority("other");
  await run("openssl", [
    ...["req", ...key, "-subj", "/CN=server", "-addext", `subjectAltName=${names.join(",")}`],
    ...["-keyout", at("server.key"), "-out", at("server.csr")],
  ]);
  await run("openssl", [
    ...["x509", "-req", "-in", at("server.csr"), "-CA", at("ours.pem"), "-CAkey", at("ours.key"), "-CAcreateserial"],
    ...["-days", "30", "-copy_extensions", "copy", "-out", at("server.pem")],
  ]);
  return { ca: at("ours.pem"), other: at("other.pem"), key: at("server.key"), certificate: at("server.pem") };
}
