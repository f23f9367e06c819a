import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, chownSync, mkdirSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { verifyDeb } from "../../../../builder/targets/deb/verify.ts";
import type { VerifyReport } from "../../../../builder/verify/report.ts";
import { run } from "../../../../lib/run.ts";

type T = Pick<typeof import("tap").default, "testdir">;

const control =
  "Package: stack-agent-shop\nVersion: 1.2.3\nArchitecture: amd64\nMaintainer: shop <root@localhost>\nDescription: a test's\n";
const machine = { hostname: "build-host-7", authorities: "", publicAuthorities: [] };
const named = "stack-agent-shop_1.2.3_amd64.deb";

interface Planted {
  readonly files?: Readonly<Record<string, string>>;
  /** Lines of md5sums in the place of the right ones. */
  readonly sums?: string;
  /** Changes the tree before it is packed. */
  readonly change?: (root: string) => void;
  /** Owners as they are in the tree. */
  readonly owners?: true;
}

/** A package with as little in it as can be. @returns its path */
function packed(t: T, { files, sums, change, owners }: Planted = {}): string {
  const folder = t.testdir();
  const root = join(folder, "root");
  const all = { "usr/bin/stack-agent": "#!/bin/sh\n", "etc/stack-agent/stack.yaml": "name: shop\n", ...files };
  const digest = (text: string): string => createHash("md5").update(text).digest("hex");
  const right = Object.entries(all).map(([path, text]) => `${digest(text)}  ${path}\n`);
  const tree = { "DEBIAN/control": control, "DEBIAN/md5sums": sums ?? right.join(""), ...all };
  for (const [path, text] of Object.entries(tree)) {
    mkdirSync(dirname(join(root, path)), { recursive: true, mode: 0o755 });
    writeFileSync(join(root, path), text);
  }
  chmodSync(root, 0o755);
  change?.(root);
  const file = join(folder, named);
  const flags = owners === undefined ? ["--root-owner-group"] : [];
  execFileSync("dpkg-deb", [...flags, "-Zzstd", "--build", root, file], { stdio: "ignore" });
  return file;
}

function verified(file: string): Promise<VerifyReport> {
  return verifyDeb({ file, machine, run, signal: new AbortController().signal });
}

async function failures(file: string): Promise<string[]> {
  const { checks } = await verified(file);
  return checks.flatMap(({ name, state, findings }) =>
    state === "failed" ? findings.map((one) => `${name}: ${one}`) : [],
  );
}

t.test("a package with nothing wrong passes, and what could not be checked is said", async (t) => {
  const report = await verified(packed(t));
  t.match(report, { status: "pass", file: named, sha256: /^[0-9a-f]{64}$/ });
  t.ok(report.members >= 6);
  t.same(
    report.checks.filter(({ state }) => state === "not checked").map(({ name }) => name),
    ["checksum", "signature"],
  );
});

t.test("a file that is another than its list says, is not in it, or is not there", async (t) => {
  const sums = `${"0".repeat(32)}  usr/bin/stack-agent\n${"1".repeat(32)}  usr/bin/gone\n`;
  t.same((await failures(packed(t, { sums }))).sort(), [
    "md5sums: /etc/stack-agent/stack.yaml is not in the list",
    "md5sums: /usr/bin/gone is in the list, and not there",
    "md5sums: /usr/bin/stack-agent is not what the list says",
  ]);
});

t.test("another name than the package's own", async (t) => {
  const file = packed(t);
  const other = join(dirname(file), "stack-agent-shop_1.2.4_amd64.deb");
  renameSync(file, other);
  t.same(await failures(other), [`name: by its control file it is ${named}`]);
});

t.test("an identity, a key and the name of the building machine", async (t) => {
  const key = execFileSync("openssl", ["genpkey", "-algorithm", "ed25519"], { encoding: "utf8" });
  const files = {
    "etc/ssh/ssh_host_ed25519_key": "x",
    "usr/share/stack-agent/key.pem": key,
    "etc/mine.conf": "server build-host-7\n",
  };
  t.same(await failures(packed(t, { files })), [
    "identities: /etc/ssh/ssh_host_ed25519_key is there",
    "secrets: /usr/share/stack-agent/key.pem holds a private key",
    "machine: /etc/mine.conf names this machine, build-host-7",
  ]);
});

t.test("an owner that is not root", { skip: process.getuid?.() === 0 ? false : "needs root" }, async (t) => {
  const file = packed(t, { owners: true, change: (root) => chownSync(join(root, "usr/bin/stack-agent"), 1000, 1000) });
  t.same(await failures(file), ["owners: ./usr/bin/stack-agent belongs to 1000:1000"]);
});

t.test("a package that is cut short, or none at all, is a failed check", async (t) => {
  const file = packed(t, { files: { "usr/share/noise": Array.from({ length: 20_000 }, Math.random).join() } });
  truncateSync(file, 50_000);
  const { status, checks } = await verified(file);
  t.equal(status, "fail");
  t.match(
    checks.filter(({ state }) => state === "failed").map(({ name }) => name),
    ["archive"],
  );
  writeFileSync(file, "no package");
  t.equal((await verified(file)).status, "fail");
  await t.rejects(verified("/nowhere.deb"), { code: "no-template", exit: 64 });
});
