import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import t from "tap";
import { writeProvenance } from "../../../builder/provenance/write-provenance.ts";
import { run } from "../../../lib/run.ts";
import { parseDefinition } from "../../../stack/definition/parse.ts";
import { resolve } from "../../../stack/resolve.ts";
import { archive, clean } from "../verify/archive.ts";

const project = join(import.meta.dirname, "../../..");
const read = (path: string): string => readFileSync(join(project, path), "utf8");

t.test(
  "what tells of a template lies beside it, the same each time, and Proxmox takes none of it for one",
  async (t) => {
    const file = "debian-12-x_1.0.0-01234567_amd64.tar.gz";
    const folder = t.testdir({ [file]: gzipSync(archive(clean)) });
    const key = join(folder, "key");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    const from = {
      model: resolve(parseDefinition(read("stack/stock-analysis.yaml"), "stack.yaml")),
      version: "1.0.0-01234567",
      template: { path: join(folder, file), file, sha256: "0".repeat(64) },
      builder: "0.1.0",
      packages: [],
      origins: new Map(),
      locks: { broker: read("services/reference/requirements.lock") },
      npm: [],
      node: "24.21.0",
      uvLock: read("builder/layers/python/uv.lock.txt"),
      run,
      signal: new AbortController().signal,
    };
    const stem = join(folder, "debian-12-x_1.0.0-01234567_amd64");
    const paths = { sbom: `${stem}.sbom.cdx.json`, incus: `${stem}.incus.tgz` };
    t.same(await writeProvenance(from), paths);
    const before = Object.values(paths).map((path) => readFileSync(path));
    t.same(await writeProvenance({ ...from, key }), { ...paths, signature: `${join(folder, file)}.sig` });
    t.same(
      Object.values(paths).map((path) => readFileSync(path)),
      before,
    );
    t.match(JSON.parse(readFileSync(paths.sbom, "utf8")), {
      metadata: { component: { name: "stock-analysis", version: "1.0.0-01234567" } },
    });
    const templates = readdirSync(folder).filter((name) => /\.tar(\.(gz|xz|zst|bz2))?$/.test(name));
    t.same(templates, [file]);
  },
);
