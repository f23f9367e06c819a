import { copyFile, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readTextIfAny } from "../../../lib/files.ts";
import { retry } from "../../../lib/retry.ts";
import type { Model } from "../../../stack/model.ts";
import type { Inputs } from "../../cache/layer-key.ts";
import type { MadeLayer } from "../../cache/made-layer.ts";
import { type BuildContext, sourceDateEpoch } from "../../context.ts";
import { inChroot, namespaceCommand } from "../../namespace.ts";
import { outputOf } from "../../output-of.ts";
import { resource } from "../../resource.ts";
import { archiveFlags } from "../base/archive-flags.ts";
import { codeDigest } from "../code-digest.ts";
import { explainIndex, isIndexTrouble } from "./explain-index.ts";
import type { ServiceSource } from "./find-sources.ts";
import { indexSettings } from "./index-settings.ts";
import { fetchUv, uvLock } from "./uv.ts";

/** All that the python layer is made from. Python itself is the base's. */
export interface PythonInputs extends Inputs {
  readonly code: string;
  readonly base: string;
  readonly uv: string;
  readonly scripts: readonly string[];
  readonly services: readonly {
    readonly venv: string | undefined;
    readonly folder: string;
    readonly source: string;
    readonly lock: string;
    readonly digest: string;
  }[];
  readonly epoch: number;
}

const scripts = ["build-venvs.sh", "share-bytecode.py", "install-applications.sh"] as const;

export async function pythonInputs(
  model: Model,
  sources: ReadonlyMap<string, ServiceSource>,
  baseKey: string,
): Promise<PythonInputs> {
  return {
    code: await codeDigest(["layers/python", "layers/base/archive-flags.ts", "namespace.ts"]),
    base: baseKey,
    uv: await readFile(uvLock, "utf8"),
    scripts: await Promise.all(scripts.map((name) => readFile(resource(`layers/python/${name}`), "utf8"))),
    services: model.services.map(({ venv, folder, source }) => ({
      venv,
      folder,
      source,
      lock: sources.get(source)?.lockText ?? "",
      digest: sources.get(source)?.digest ?? "",
    })),
    epoch: sourceDateEpoch,
  };
}

/**
 * Makes the services' virtual environments with the container's own Python, and puts their
 * applications in. uv goes along. What the package index is troubled by is tried again.
 *
 * @throws StackError as `explainIndex`
 */
export async function buildPython(
  inputs: PythonInputs,
  sources: ReadonlyMap<string, ServiceSource>,
  context: BuildContext,
): Promise<MadeLayer> {
  const { run, log, signal, work, model } = context;
  const root = await context.rootfs();
  const lend = join(work, "lend-python");
  await mkdir(lend, { recursive: true });
  const again = { passing: isIndexTrouble, log, signal };
  const uv = await retry(() => fetchUv(run, join(work, "uv"), "manylinux_2_17_x86_64", signal), again);
  await copyFile(uv, join(lend, "uv"));
  await Promise.all(scripts.map((name, index) => writeFile(join(lend, name), inputs.scripts[index] ?? "")));
  for (const [index, source] of [...sources.values()].entries()) {
    await writeFile(join(lend, `${index}.lock`), source.lockText ?? "");
    for (const file of source.files) {
      await mkdir(dirname(join(lend, `${index}`, file)), { recursive: true });
      await cp(join(source.folder, file), join(lend, `${index}`, file));
    }
  }
  const variables = { ...(await indexSettings(run, process.env)), ...(await lendCertificates(lend)) };
  const top = model.paths.opt;
  const numbers = [...sources.keys()];
  const venvs = venvWords(inputs, (source) => `/mnt/${numbers.indexOf(source)}.lock`);
  const chroot = { lend, signal, timeout: 600_000 };
  const makeVenvs = ["sh", "/mnt/build-venvs.sh", `${top}/.uv-cache`, ...venvs];
  await retry(() => inChroot(run, root, makeVenvs, { ...chroot, variables }).catch(explainIndex), again);
  const applications = inputs.services.flatMap((one) => [
    ...[`/mnt/${numbers.indexOf(one.source)}`, one.folder, one.venv ?? ""],
  ]);
  await inChroot(run, root, ["sh", "/mnt/install-applications.sh", ...applications], chroot);
  const flags = [...archiveFlags(inputs.epoch), `--exclude=.${top}/.uv-cache`, "-C", root];
  return { archive: outputOf([...namespaceCommand, "tar", ...flags, "./usr/local/bin/uv", `.${top}`], signal) };
}

/** Three words a service for build-venvs.sh; services of one lock share their byte code. */
function venvWords(inputs: PythonInputs, lockPath: (source: string) => string): string[] {
  const first = new Map<string, string>();
  return inputs.services.flatMap(({ venv, lock, source }) => {
    if (venv === undefined) return [];
    const made = first.get(lock);
    if (made === undefined) first.set(lock, venv);
    return [venv, lockPath(source), made ?? "compile"];
  });
}

/**
 * This machine's certificates, for downloads through a proxy that inspects TLS. They are
 * only mounted: nothing of them gets into the template.
 */
async function lendCertificates(lend: string): Promise<Record<string, string>> {
  const path = process.env.SSL_CERT_FILE ?? "/etc/ssl/certs/ca-certificates.crt";
  const bundle = await readTextIfAny(path);
  if (bundle === undefined) return {};
  await writeFile(join(lend, "certificates.pem"), bundle);
  return { SSL_CERT_FILE: "/mnt/certificates.pem" };
}
