import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { applicationFiles } from "../../lib/application-files.ts";
import { ExitCode, StackError } from "../../lib/error.ts";
import { exists } from "../../lib/files.ts";
import type { Run } from "../../lib/run.ts";

/** A service, and the wheels that go along, in one archive. */
export interface PackedService {
  readonly path: string;
  readonly bytes: number;
  /** Of the folder in it that is the service. */
  readonly name: string;
  readonly hasWheels: boolean;
  /** Takes it away. */
  readonly remove: () => Promise<void>;
}

/**
 * Packs a service's folder, without what only development needs, and a folder of wheels beside it.
 *
 * @throws StackError `no-source`, `no-wheels`; exit 64
 */
export async function packService(
  folder: string,
  wheels: string | undefined,
  { run, signal }: { readonly run: Run; readonly signal: AbortSignal },
): Promise<PackedService> {
  await refuseOther(folder, "no-source", "the folder with the service's modules and its requirements.lock");
  if (wheels !== undefined) await refuseOther(wheels, "no-wheels", "--wheels names a folder with .whl files");
  const files = await applicationFiles(folder, { python: false });
  const work = await mkdtemp(join(tmpdir(), "deploy-service-"));
  const remove = (): Promise<void> => rm(work, { recursive: true, force: true });
  try {
    const path = join(work, "service.tar.gz");
    const name = basename(resolve(folder));
    const inside = (from: string): string => `--transform=s,^\\./,${from}/,`;
    const tar = join(work, "service.tar");
    const plain = ["--format=posix", "--owner=0", "--group=0", "--dereference", "--hard-dereference"];
    const list = files.map((file) => `./${file}`).join("\0");
    const read = ["--null", "--no-recursion", "--verbatim-files-from", "--files-from=-"];
    await run("tar", ["--create", ...plain, "--file", tar, inside("service"), "-C", folder, ...read], {
      ...{ input: list, signal, timeout: 300_000 },
    });
    if (wheels !== undefined) {
      await run("tar", ["--append", ...plain, "--file", tar, inside("wheels"), "-C", wheels, "./"], {
        ...{ signal, timeout: 300_000 },
      });
    }
    await run("gzip", ["--no-name", tar], { signal, timeout: 300_000 });
    return { path, bytes: (await stat(path)).size, name, hasWheels: wheels !== undefined, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function refuseOther(folder: string, code: string, hint: string): Promise<void> {
  if ((await exists(folder)) && (await stat(folder)).isDirectory()) return;
  throw new StackError(code, `there is no folder ${folder}`, { hint, exit: ExitCode.usage });
}
