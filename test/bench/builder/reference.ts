import { copyFile, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { indexSettings } from "../../../builder/layers/python/index-settings.ts";
import { fetchUv } from "../../../builder/layers/python/uv.ts";
import { inChroot, namespaceCommand, removeMapped } from "../../../builder/namespace.ts";
import { readTextIfAny } from "../../../lib/files.ts";
import { run } from "../../../lib/run.ts";
import type { Model } from "../../../stack/model.ts";

export interface Reference {
  readonly seconds: number;
  readonly bytes: number;
}

export interface ReferenceOptions {
  /** Where record-mmdebstrap.sh has written how our base is made. */
  readonly record: string;
  readonly folder: string;
  readonly model: Model;
  /** The requirement lock of a service's source. */
  readonly lockOf: (source: string) => string;
  /** Leaves out dpkg's excluded paths too: packages as Debian makes them. */
  readonly plain?: true;
  readonly signal: AbortSignal;
}

const limit = 1_800_000;

/**
 * What one would type without this project: mmdebstrap with the options that our base is made
 * with (packages, suite, apt's and dpkg's settings, excluded paths), its own hooks aside, so that
 * it fetches lists and packages itself; the services' venvs by plain uv inside; tar and pigz.
 */
export async function buildReference(options: ReferenceOptions): Promise<Reference> {
  const { record, folder, signal } = options;
  const own = "^deb |^--skip=update$|^--setup-hook=[^]*STACK_LISTS|^--customize-hook=";
  const ours = new RegExp(options.plain ? `${own}|^--dpkgopt=path-` : own);
  const recorded = (await readFile(join(record, "arguments"), "utf8")).split("\0").filter((word) => word !== "");
  const root = join(folder, "rootfs");
  const file = join(folder, "reference.tar.gz");
  // Options, suite, folder: the last is ours.
  const words = [...recorded.filter((word) => !ours.test(word)).slice(0, -1), root];
  const start = performance.now();
  try {
    await run("mmdebstrap", words, { timeout: limit, cwd: "/", signal, env: await environment(record) });
    await makeVenvs(root, options);
    const pipe = '"$@" -C "$0" . | pigz > "$STACK_BENCH_FILE"';
    const tar = [...namespaceCommand, "tar", "--create", "--numeric-owner", "--xattrs", "--exclude=./dev/*"];
    const env = { ...process.env, STACK_BENCH_FILE: file };
    await run("bash", ["-o", "pipefail", "-c", pipe, root, ...tar], { timeout: limit, signal, env });
    const seconds = (performance.now() - start) / 1000;
    return { seconds, bytes: (await stat(file)).size };
  } finally {
    await removeMapped(run, folder, ["rootfs"]);
  }
}

async function environment(record: string): Promise<Record<string, string>> {
  const text = await readFile(join(record, "environment"), "utf8");
  return Object.fromEntries(
    text
      .split("\0")
      .filter((word) => word.includes("="))
      .map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]),
  );
}

/** One after the other, files shared by hard links; byte code once for each lock, as ours has it. */
async function makeVenvs(root: string, { folder, model, lockOf, signal }: ReferenceOptions): Promise<void> {
  const lend = join(folder, "lend");
  await mkdir(lend, { recursive: true });
  await copyFile(await fetchUv(run, join(folder, "uv"), "manylinux_2_17_x86_64", signal), join(lend, "uv"));
  const certificates = await readTextIfAny(process.env.SSL_CERT_FILE ?? "/etc/ssl/certs/ca-certificates.crt");
  if (certificates !== undefined) await writeFile(join(lend, "certificates.pem"), certificates);
  const variables = {
    ...(await indexSettings(run, process.env)),
    ...(certificates !== undefined && { SSL_CERT_FILE: "/mnt/certificates.pem" }),
    UV_CACHE_DIR: "/var/cache/uv",
    UV_LINK_MODE: "hardlink",
    PYC_INVALIDATION_MODE: "UNCHECKED_HASH",
  };
  const locks = [...new Set(model.services.map(({ source }) => source))];
  for (const [index, source] of locks.entries()) await copyFile(lockOf(source), join(lend, `${index}.lock`));
  const compiled = new Set<number>();
  for (const { venv, source } of model.services) {
    const lock = locks.indexOf(source);
    const compile = compiled.has(lock) ? "0" : "1";
    compiled.add(lock);
    const script = `/mnt/uv venv -q --python /usr/bin/python3 ${venv}
UV_COMPILE_BYTECODE=${compile} /mnt/uv pip sync -q --require-hashes --python ${venv}/bin/python /mnt/${lock}.lock`;
    await inChroot(run, root, ["sh", "-euc", script], { lend, variables, signal, timeout: 600_000 });
  }
  await inChroot(run, root, ["rm", "-rf", "/var/cache/uv"], { lend, signal });
}
