import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import t from "tap";
import { findSources } from "../../../../builder/layers/python/find-sources.ts";
import { writeDocuments } from "../../../../builder/targets/proxmox/write-documents.ts";
import { projectFolder as project } from "../../../../lib/project-folder.ts";
import { parseDefinition } from "../../../../stack/definition/parse.ts";
import { resolve } from "../../../../stack/resolve.ts";
import { archive, clean } from "../../verify/planted.ts";

t.test(
  "what tells of a template lies beside it, the same each time, and Proxmox takes none of it for one",
  async (t) => {
    const file = "debian-12-x_1.0.0-01234567_amd64.tar.gz";
    const bytes = gzipSync(archive(clean));
    const out = t.testdir({ [file]: bytes });
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const stack = readFileSync(join(project, "stack/stock-analysis.yaml"), "utf8");
    const model = resolve(parseDefinition(stack, "stack.yaml"));
    const plan = {
      chosen: [],
      npm: [],
      sources: await findSources(model.services, project, join(project, "stack")),
      tools: { node: "24.21.0" },
    } as const;
    const write = () =>
      writeDocuments(
        { model, out, project },
        plan,
        { packages: [] },
        { path: join(out, file), file, bytes: bytes.length, sha256 },
        { version: "1.0.0-01234567", deviations: ["RabbitMQ is old"] },
      );
    const stem = join(out, "debian-12-x_1.0.0-01234567_amd64");
    const paths = {
      checksum: `${join(out, file)}.sha256`,
      manifest: `${stem}.manifest.json`,
      deploy: `${stem}.DEPLOY.md`,
      sbom: `${stem}.sbom.cdx.json`,
      incus: `${stem}.incus.tgz`,
    };
    const texts = (): string[] => Object.values(paths).map((path) => readFileSync(path, "hex"));
    t.same(await write(), paths);
    const before = texts();
    t.same(await write(), paths);
    t.same(texts(), before);
    execFileSync("sha256sum", ["--check", "--quiet", `${file}.sha256`], { cwd: out });
    t.match(JSON.parse(readFileSync(paths.sbom, "utf8")), {
      metadata: { component: { name: "stock-analysis", version: "1.0.0-01234567" } },
    });
    t.match(readFileSync(paths.deploy, "utf8"), "RabbitMQ is old");
    t.same(
      readdirSync(out).filter((name) => /\.tar(\.(gz|xz|zst|bz2))?$/.test(name)),
      [file],
    );
  },
);
