import { mkdir, symlink } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { run } from "../../../lib/run.ts";

/** The environment in which a build's mmdebstrap writes down how it was called. */
export async function recording(record: string): Promise<Record<string, string>> {
  await mkdir(record, { recursive: true });
  const { stdout } = await run("sh", ["-c", "command -v mmdebstrap"]);
  await symlink(join(import.meta.dirname, "record-mmdebstrap.sh"), join(record, "mmdebstrap"));
  return {
    STACK_BENCH_RECORD: record,
    STACK_BENCH_MMDEBSTRAP: stdout.trim(),
    PATH: [record, process.env.PATH].join(delimiter),
  };
}
