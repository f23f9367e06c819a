/** Packages by their addresses, from a server on loopback. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import t from "tap";
import type { BuildContext } from "../../../builder/context.ts";
import { buildDownloaded, downloadedInputs } from "../../../builder/layers/downloaded/downloaded.ts";
import { findFiles } from "../../../builder/sources/find-files.ts";
import { silentLog } from "../../../lib/log.ts";
import { run } from "../../../lib/run.ts";
import type { FilesSource, PackageFile, PackageSources } from "../../../stack/package-sources.ts";

// apt downloads as another user.
const here = mkdtempSync(join(tmpdir(), "downloaded-"));
chmodSync(here, 0o755);
t.teardown(() => rmSync(here, { recursive: true, force: true }));
const signal = new AbortController().signal;

const tree = join(here, "tree");
mkdirSync(join(tree, "DEBIAN"), { recursive: true });
writeFileSync(
  join(tree, "DEBIAN/control"),
  "Package: column-store\nVersion: 1.2-3\nArchitecture: amd64\nMaintainer: nobody <nobody@example.org>\nDescription: a test's\n",
);
const file = join(here, "column-store.deb");
execFileSync("dpkg-deb", ["--root-owner-group", "-Znone", "--build", tree, file], { stdio: "ignore" });
const bytes = readFileSync(file);

const server = createServer((request, response) => {
  if (request.url === "/column-store.deb") response.end(bytes);
  else response.writeHead(404).end();
}).listen(0, "127.0.0.1");
await new Promise((listening) => server.once("listening", listening));
t.teardown(() => server.close());
const address = server.address();
const uri = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;

const wanted: PackageFile = {
  ...{ name: "column-store", version: "1.2-3", url: `${uri}/column-store.deb` },
  sha256: createHash("sha256").update(bytes).digest("hex"),
};

let works = 0;
async function made(file: PackageFile): Promise<string> {
  const work = join(here, `work-${works++}`);
  mkdirSync(work);
  const context = { run, log: silentLog, signal, work } as unknown as BuildContext;
  const { archive } = await buildDownloaded(await downloadedInputs([file], "amd64"), context);
  const out = join(work, "out");
  mkdirSync(out);
  const tar = join(work, "made.tar");
  const chunks: Buffer[] = [];
  await pipeline(Readable.from(archive, { objectMode: false }), async (all) => {
    for await (const chunk of all) chunks.push(chunk as Buffer);
  });
  writeFileSync(tar, Buffer.concat(chunks));
  execFileSync("tar", ["-xf", tar, "-C", out]);
  return join(out, "packages");
}

t.test("the layer is a repository that apt can take the package from", async (t) => {
  const folder = await made(wanted);
  t.ok(readFileSync(join(folder, "column-store.deb")).equals(bytes));
  const index = readFileSync(join(folder, "Packages"), "utf8");
  t.match(index, /^Package: column-store\nVersion: 1\.2-3\n/);
  t.match(index, `SHA256: ${wanted.sha256}`);
});

t.test("a file whose digest is another is refused, and so is another package", async (t) => {
  await t.rejects(made({ ...wanted, sha256: "0".repeat(64) }), /./);
  await t.rejects(made({ ...wanted, version: "1.2-4" }), {
    code: "other-package",
    message: /is column-store 1\.2-3, not column-store 1\.2-4/,
  });
  await t.rejects(made({ ...wanted, url: `${uri}/nothing.deb` }), /./);
  t.notOk(existsSync(join(here, "work-1/out")), "nothing is made");
});

t.test("a source of files has what it names for a release, and nothing for another", async (t) => {
  const source: FilesSource = { kind: "files", whose: "theirs", vendor: "them", files: { bookworm: [wanted] } };
  const context = (suite: string) =>
    ({ model: { debian: { suite }, architecture: "amd64" } }) as unknown as BuildContext;
  const of = { of: { files: source } } as unknown as PackageSources;
  t.match(await findFiles(source, of, context("bookworm"), true), {
    versions: { "column-store": "1.2-3" },
    made: { name: "downloaded" },
  });
  t.equal(await findFiles(source, of, context("trixie"), true), undefined);
});
