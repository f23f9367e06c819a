import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { indexSettings } from "../../builder/layers/python/index-settings.ts";
import { fetchUv } from "../../builder/layers/python/uv.ts";
import { run } from "../../lib/run.ts";
import { bringTools } from "./bring-tools.ts";
import { commandPhase } from "./command-phase.ts";
import type { Counts } from "./tap-counts.ts";

const service = resolve("services/reference");
const debianPython = "/usr/bin/python3";

/** The reference service's own tests, in a venv from its locks with the builder's pinned uv and Debian's Python. */
export async function pythonPhase(): Promise<Counts> {
  await bringTools("python3", "pip");
  const folder = await mkdtemp(join(tmpdir(), "stack-python-"));
  const venv = join(folder, "venv");
  const env = {
    ...process.env,
    ...(await indexSettings(run, process.env)),
    UV_CACHE_DIR: join(folder, "cache"),
    VIRTUAL_ENV: venv,
    PYTHONDONTWRITEBYTECODE: "1",
  };
  const options = { env, cwd: service, timeout: 300_000 };
  try {
    const uv = await fetchUv(run, join(folder, "uv"), "manylinux_2_17_x86_64", AbortSignal.timeout(300_000));
    await run(uv, ["venv", "--quiet", "--python", debianPython, venv], options);
    await run(uv, ["pip", "sync", "--quiet", "--require-hashes", "requirements-test.lock"], options);
    const bin = (name: string) => join(venv, "bin", name);
    return await commandPhase(
      [
        {
          promise: "the reference service keeps its promises",
          command: bin("python"),
          args: ["-m", "pytest", "-q", "-p", "no:cacheprovider"],
        },
        { promise: "its code is clean", command: bin("ruff"), args: ["check", "--no-cache", "."] },
        {
          promise: "its types are sound",
          command: bin("mypy"),
          args: ["--cache-dir=/dev/null", "reference_service"],
        },
      ],
      options,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
