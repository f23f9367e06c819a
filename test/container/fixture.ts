import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { cacheHome } from "../../builder/cache/cache-home.ts";
import { exists } from "../../lib/files.ts";

export interface Fixture {
  readonly name: string;
  readonly suffix: string;
  /** All that it is made of: another text is another fixture. */
  readonly inputs: string;
  /** Writes the file; `work` is an empty folder that is removed afterwards. */
  make(file: string, work: string): Promise<void>;
}

/** Days without use after which one goes, when another is made. */
const kept = 14;

/**
 * A file that is slow to make and never changes: made once for its inputs and kept in the
 * user's cache folder, or in `STACK_FIXTURES`, which a run of tests with another cache names.
 *
 * @returns its path
 */
export async function fixture({ name, suffix, inputs, make }: Fixture): Promise<string> {
  const folder = fixturesFolder();
  const key = createHash("sha256").update(inputs).digest("hex").slice(0, 8);
  const file = join(folder, `${name}-${key}${suffix}`);
  if (await exists(file)) {
    const now = new Date();
    await utimes(file, now, now);
    return file;
  }
  await mkdir(folder, { recursive: true });
  await removeUnused(folder);
  const work = await mkdtemp(join(folder, "making-"));
  try {
    const made = join(work, `made${suffix}`);
    await make(made, work);
    await rename(made, file);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return file;
}

export function fixturesFolder(): string {
  return process.env.STACK_FIXTURES ?? join(cacheHome(process.env), "test");
}

/** What runs left that were killed goes with them. */
async function removeUnused(folder: string): Promise<void> {
  const oldest = Date.now() - kept * 24 * 3_600_000;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const used = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => Number.POSITIVE_INFINITY,
    );
    if (used < oldest) await rm(path, { recursive: true, force: true });
  }
}
