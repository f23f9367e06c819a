import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { StackError } from "../../../lib/error.ts";
import type { PackageFile } from "../../../stack/package-sources.ts";
import { openApt } from "../../apt/open-apt.ts";
import type { Inputs } from "../../cache/layer-key.ts";
import type { MadeLayer } from "../../cache/made-layer.ts";
import { type BuildContext, sourceDateEpoch } from "../../context.ts";
import { explainSpace } from "../../explain-space.ts";
import { codeDigest } from "../code-digest.ts";
import { type Deb, packageRepository } from "../package-repository.ts";
import { readControl } from "../relocated/pack-deb.ts";

/** All that a repository of packages by their addresses is made from. */
export interface DownloadedInputs extends Inputs {
  readonly code: string;
  readonly architecture: string;
  readonly files: readonly PackageFile[];
  readonly epoch: number;
}

export async function downloadedInputs(files: readonly PackageFile[], architecture: string): Promise<DownloadedInputs> {
  const code = await codeDigest(["layers/downloaded", "layers/package-repository.ts"]);
  return { code, architecture, files, epoch: sourceDateEpoch };
}

/**
 * Downloads packages from their addresses, each compared with its digest by apt, over the proxies
 * of this machine's apt. The layer is no part of a template; it is a repository that the base is
 * made from.
 *
 * @throws StackError `mirror-unreachable`, `untrusted-archive` and what else `runApt` makes of apt's words;
 *   `other-package` where a file is not the package that is said to be in it; `work-full`
 */
export function buildDownloaded(inputs: DownloadedInputs, context: BuildContext): Promise<MadeLayer> {
  return download(inputs, context).catch(explainSpace);
}

async function download(
  { files, architecture, epoch }: DownloadedInputs,
  { run, log, signal, work }: BuildContext,
): Promise<MadeLayer> {
  const folder = join(work, "downloaded");
  await mkdir(folder, { recursive: true });
  const apt = await openApt({ archives: [], architecture, folder: join(folder, "apt"), run, log, signal });
  const debs: Deb[] = [];
  for (const wanted of files) {
    const file = join(folder, `${wanted.name}.deb`);
    await apt.apt("apt-helper", ["download-file", wanted.url, file, `SHA256:${wanted.sha256}`]);
    const control = await readControl(file, { run, signal, epoch });
    const found = `${control.get("Package")} ${control.get("Version")}`;
    if (found !== `${wanted.name} ${wanted.version}`) {
      throw new StackError("other-package", `${wanted.url} is ${found}, not ${wanted.name} ${wanted.version}`);
    }
    debs.push({ file, control });
  }
  return packageRepository(debs, epoch);
}
