import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { archiveOfEntries, type Entry } from "../../../../builder/archive/archive-of-entries.ts";
import type { MadeLayers } from "../../../../builder/build/make-layers.ts";
import { cachedLayer } from "../../../../builder/cache/cached-layer.ts";
import { sourceDateEpoch } from "../../../../builder/context.ts";
import { archiveFlags } from "../../../../builder/layers/base/archive-flags.ts";
import { projectFolder } from "../../../../lib/project-folder.ts";
import type { Model } from "../../../../stack/model.ts";
import { flowing } from "../../cache/archives.ts";

/** A package of a base with as little in it as can be: its stanza's fields and its files. */
interface PaperPackage {
  readonly name: string;
  readonly fields?: string;
  readonly files: readonly string[];
}

const packages: readonly PaperPackage[] = [
  { name: "base-files", fields: "Essential: yes\n", files: ["/usr/bin", "/tmp", "/bin/sh"] },
  { name: "libc6", files: ["/usr/lib/libc.so"] },
  { name: "bash", fields: "Essential: yes\nPre-Depends: libc6 (>= 2.36)\n", files: ["/usr/bin/bash"] },
  {
    name: "python3",
    fields: "Depends: libpython | none, libc6\n",
    files: ["/usr/bin/python3", "/usr/lib/python3/a.py"],
  },
  { name: "libpython3.11", fields: "Provides: libpython (= 1)\n", files: ["/usr/lib/libpython.so"] },
  { name: "libpq5", files: ["/usr/lib/libpq.so"] },
  { name: "gcc", fields: "Section: devel\n", files: ["/usr/bin/gcc"] },
  { name: "build-essential", fields: "Section: devel\nDepends: gcc\n", files: ["/usr/share/build-essential"] },
  { name: "libpq-dev", fields: "Section: libdevel\n", files: ["/usr/bin/pg_config"] },
  { name: "git", fields: "Section: vcs\n", files: ["/usr/bin/git"] },
  { name: "curl", fields: "Section: web\n", files: ["/usr/bin/curl"] },
  { name: "postgresql-15", files: ["/usr/lib/postgresql/15/bin/postgres"] },
  { name: "locales", files: ["/usr/share/i18n/SUPPORTED"] },
  { name: "redis-server", files: ["/usr/bin/redis-server"] },
  { name: "redis-tools", files: ["/usr/bin/redis-cli"] },
  { name: "rabbitmq-server", files: ["/usr/lib/rabbitmq/bin/rabbitmq-server"] },
];

const text = (path: string, content = path): Entry => ({ path, mode: 0o644, content: { kind: "text", text: content } });
const folder = (path: string): Entry => ({ path, mode: 0o755, content: { kind: "directory" } });

function baseEntries(): Entry[] {
  const stanza = ({ name, fields = "" }: PaperPackage): string =>
    `Package: ${name}\nStatus: install ok installed\nVersion: 1\n${fields}Description: paper\n more of it\n`;
  return [
    ...packages.flatMap(({ name, files }) => [
      text(`/var/lib/dpkg/info/${name}${name === "libc6" ? ":amd64" : ""}.list`, `/.\n${files.join("\n")}\n`),
      ...files.map((path) => (/bin$|tmp$/.test(path) ? folder(path) : text(path.replace(/^\/bin\//, "/usr/bin/")))),
    ]),
    text("/usr/lib/python3/__pycache__/a.cpython-311.pyc"),
    text("/var/lib/dpkg/status", packages.map(stanza).join("\n")),
    ...["passwd", "group", "shadow", "gshadow"].map((name) => text(`/etc/${name}`)),
    text("/etc/ssl/certs/ca-certificates.crt"),
    text("/etc/systemd/system/odd.service"),
    text("/var/lib/systemd/catalog"),
  ];
}

/** The template's layers on paper: a base of a few packages, and services that share files by hard links. */
export async function paperLayers(
  model: Model,
  out: string,
  code: Readonly<Record<string, string>> = {},
): Promise<MadeLayers> {
  const context = {
    ...{ model, out, project: projectFolder, own: [text("/etc/mine.conf"), text("/etc/systemd/system/mine.service")] },
    ...{ cache: join(out, "cache"), format: "zst", offline: false, log: () => {} },
    signal: new AbortController().signal,
  };
  const layer = (name: string, inputs: object, archive: AsyncIterable<Buffer>) =>
    cachedLayer(
      { name, inputs: { ...inputs }, online: false, make: async () => ({ archive }) },
      context as unknown as Parameters<typeof cachedLayer>[1],
    );
  const plan = { sources: new Map([["reference", { lockText: "pg8000==1.0 --hash=sha256:00\n" }]]), chosen: [] };
  return {
    ...{ context, plan, repositories: [], overlayInputs: { entries: [] } },
    facts: {
      packages: packages.map(({ name }) => ({
        ...{ name, version: "1", architecture: "amd64", source: { name, version: "1" } },
      })),
    },
    layers: {
      base: await layer("base", {}, archiveOfEntries(baseEntries(), sourceDateEpoch)),
      python: await layer("python", { code }, flowing(pythonArchive(model, code))),
    },
  } as unknown as MadeLayers;
}

/** Of each service a venv, whose files are one with the first one's, and its code. */
function pythonArchive(model: Model, code: Readonly<Record<string, string>>): Buffer {
  const root = mkdtempSync(join(tmpdir(), "paper-layers-"));
  const at = (path: string): string => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    return join(root, path);
  };
  const [first] = model.services;
  for (const service of model.services) {
    for (const name of ["lib/pg.py", "lib/redis.py"]) {
      if (service === first) writeFileSync(at(`${service.venv}/${name}`), `# ${name}\n`);
      else linkSync(at(`${first?.venv}/${name}`), at(`${service.venv}/${name}`));
    }
    writeFileSync(at(`${service.venv}/pyvenv.cfg`), `prompt = ${service.name}\n`);
    writeFileSync(at(`${service.folder}/releases/0/app.py`), code[service.name] ?? "print('well')\n");
  }
  const flags = archiveFlags(sourceDateEpoch);
  return execFileSync("tar", [...flags, "--owner=0", "--group=0", "-C", root, "./opt"]);
}
