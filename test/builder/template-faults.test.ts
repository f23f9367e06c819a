import { execFileSync } from "node:child_process";
import { join } from "node:path";
import t from "tap";
import { TypeFlag } from "../../builder/pack/header.ts";
import type { Member } from "../../builder/pack/scan.ts";
import { archiveFaults, rootfsFaults } from "./template-faults.ts";

/** A root file system as clean as a template's, with some files more. */
function rootfs(
  t: Pick<typeof import("tap").default, "testdir">,
  more: Readonly<Record<string, unknown>> = {},
): string {
  return t.testdir({
    etc: { "machine-id": "", ssl: { certs: {}, private: {} }, ...(more.etc as object) },
    usr: { share: { "ca-certificates": { mozilla: {} } } },
    var: { lib: { postgresql: {} }, log: { journal: {} }, ...(more.var as object) },
    opt: { ...(more.opt as object) },
  });
}

t.test("a clean root file system has no fault", async (t) => {
  t.same(rootfsFaults(rootfs(t)), []);
});

t.test("a certificate that this machine trusts and Debian doesn't bring is found wherever it lies", async (t) => {
  const folder = t.testdir();
  const key = join(folder, "key.pem");
  const certificate = join(folder, "ca.pem");
  const subject = ["-subj", "/CN=an inspecting proxy", "-days", "1"];
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      ...subject,
      "-keyout",
      key,
      "-out",
      certificate,
    ],
    { stdio: "pipe" },
  );
  const text = execFileSync("cat", [certificate], { encoding: "utf8" });
  const before = process.env.SSL_CERT_FILE;
  process.env.SSL_CERT_FILE = certificate;
  t.teardown(() => {
    if (before === undefined) delete process.env.SSL_CERT_FILE;
    else process.env.SSL_CERT_FILE = before;
  });
  t.test("in /opt", async (t) => {
    t.same(rootfsFaults(rootfs(t, { opt: { "bundle.pem": `# x\n${text}` } })), [
      "/opt/bundle.pem holds a certificate of this machine's own",
    ]);
  });
  t.test("a private key too", async (t) => {
    const pem = execFileSync("cat", [key], { encoding: "utf8" });
    t.same(rootfsFaults(rootfs(t, { etc: { key: pem } })), ["/etc/key holds a private key"]);
  });
});

t.test("identities and leftovers are found", async (t) => {
  const root = rootfs(t, {
    etc: { "machine-id": "abc\n", hostname: "x" },
    var: { lib: { postgresql: { 15: "" } }, log: {} },
  });
  t.same(rootfsFaults(root), [
    "/etc/hostname is there",
    "/var/lib/postgresql is not empty: 15",
    "/etc/machine-id has a value",
    "/var/log/journal is not there",
  ]);
});

t.test("an archive's faults are found: names twice, late folders, lost links, no ./", async (t) => {
  const member = (name: string, type: string = TypeFlag.file, target = ""): Member => ({
    ...{ name, type, target, size: 0, mode: 0o644, uid: 0, gid: 0, mtime: 0, pax: new Map() },
    ...{ start: 0, content: 0, end: 0 },
  });
  const folder = (name: string): Member => member(name, TypeFlag.directory);
  t.same(archiveFaults([folder("."), folder("./a"), member("./a/b")], ["./", "./a/", "./a/b"]), []);
  t.same(archiveFaults([folder("."), member("./a/b"), folder("./a"), folder("./a")], ["etc/x"]), [
    "./a/b comes before its folder",
    "./a comes twice",
    "etc/x does not begin with ./",
  ]);
  t.same(archiveFaults([folder("."), member("./a", TypeFlag.hardlink, "./b")], []), [
    "./a links to ./b, which is not before it",
  ]);
});
