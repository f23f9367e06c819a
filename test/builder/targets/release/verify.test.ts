import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import t from "tap";
import { verifyRelease } from "../../../../builder/targets/release/verify.ts";
import { makeKeyPair, signBytes } from "../../../../lib/key-pair.ts";
import { run } from "../../../../lib/run.ts";

type T = Pick<typeof import("tap").default, "testdir">;

const machine = { hostname: "build-host-7", authorities: "", publicAuthorities: [] };
const named = "shop_1.1.0-0a1b2c3d_amd64.stack-release";
const keys = makeKeyPair();
// The workstation's own key is not asked for: what is signed here is another's.
process.env.XDG_CONFIG_HOME = t.testdir();

interface Planted {
  readonly files?: Readonly<Record<string, string>>;
  readonly name?: string;
  /** In the place of the payload that was signed. */
  readonly payload?: Buffer;
  readonly signedText?: string;
}

/** A release with as little in it as can be. @returns its path */
function packed(t: T, { files, name = named, payload, signedText }: Planted = {}): string {
  const folder = t.testdir();
  for (const [path, text] of Object.entries({ "stack.yaml": "name: shop\n", ...files })) {
    mkdirSync(dirname(join(folder, "root", path)), { recursive: true });
    writeFileSync(join(folder, "root", path), text);
  }
  execFileSync("tar", ["-cf", join(folder, "payload.tar"), "--owner=0", "--group=0", "-C", join(folder, "root"), "."]);
  const bytes = zstdCompressSync(readFileSync(join(folder, "payload.tar")));
  const text = JSON.stringify({
    ...{ schemaVersion: 1, id: "1.1.0-0a1b2c3d", name: "shop", version: "1.1.0", debian: "12", architecture: "amd64" },
    ...{ servers: {}, migrations: [], services: {}, own: [] },
    payload: { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") },
  });
  const signature = signBytes(Buffer.from(signedText ?? text), keys.private);
  writeFileSync(join(folder, "release.json"), text);
  const signed = { schemaVersion: 1, key: keys.public, signature, by: "dev@desk" };
  writeFileSync(join(folder, "release.json.sig"), JSON.stringify(signed));
  writeFileSync(join(folder, "payload.tar.zst"), payload ?? bytes);
  const file = join(folder, name);
  execFileSync("tar", ["-cf", file, "-C", folder, "./payload.tar.zst", "./release.json", "./release.json.sig"]);
  return file;
}

async function failures(file: string): Promise<string[]> {
  const { checks } = await verifyRelease({ file, machine, run, signal: new AbortController().signal });
  return checks.flatMap(({ name, state, findings }) =>
    state === "failed" ? findings.map((one) => `${name}: ${one}`) : [],
  );
}

t.test("a release with nothing wrong passes; whose key it is is said", async (t) => {
  const report = await verifyRelease({ file: packed(t), machine, run, signal: new AbortController().signal });
  t.match(report, { status: "pass", file: named });
  t.match(
    report.checks.find(({ name }) => name === "signature"),
    { state: "not checked", findings: [/another's, SHA256:/] },
  );
});

t.test("a wrong name, signature or payload, and a secret in it, are told", async (t) => {
  t.match(await failures(packed(t, { name: "other.stack-release" })), [/^name: by its release.json it is shop_/]);
  t.same(await failures(packed(t, { signedText: "other" })), ["signature: the signature is not good"]);
  const other = zstdCompressSync(Buffer.alloc(10_240));
  t.match(await failures(packed(t, { payload: other })), [/^payload: its sha256 is /]);
  t.match(await failures(packed(t, { payload: Buffer.from("noise") })), [/^payload: /, /^archive: /]);
  const key =
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n-----END PRIVATE KEY-----\n";
  t.match(await failures(packed(t, { files: { "share/a.pem": key } })), [/^secrets: .*a\.pem/]);
});
