import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { indexSettings } from "../../builder/layers/python/index-settings.ts";
import { fetchUv } from "../../builder/layers/python/uv.ts";
import { run } from "../../lib/run.ts";
import { moduleName } from "../../stack/new-service/module-name.ts";
import { bringTools } from "./bring-tools.ts";
import { type CommandTest, commandPhase } from "./command-phase.ts";
import type { Counts } from "./tap-counts.ts";

const service = resolve("services/reference");
const debianPython = "/usr/bin/python3";

/** Whatever a new service's name is, its code is clean. */
const names = ["price-feed", "z", "a-name-as-long-as-names-are"] as const;

/**
 * The tests of the reference service and of one that `build-template init --service` writes, in a venv from their
 * locks with the builder's pinned uv and Debian's Python; of the new one by `uv run pytest` too, as its README says.
 */
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
    for (const name of names) {
      const words = ["builder/cli.ts", "init", folder, "--service", name];
      await run(process.execPath, ["--no-warnings", ...words], { timeout: 60_000 });
    }
    const isClean = (promise: string): CommandTest[] => [
      { promise, command: bin("ruff"), args: ["check", "--no-cache", "."] },
      { promise: `${promise}, and laid out`, command: bin("ruff"), args: ["format", "--check", "--no-cache", "."] },
    ];
    const areSound = (promise: string, ...packages: readonly string[]): CommandTest => {
      return { promise, command: bin("mypy"), args: ["--cache-dir=/dev/null", ...packages] };
    };
    const made = join(folder, names[0]);
    return await commandPhase(
      [
        {
          promise: "the reference service keeps its promises",
          command: bin("python"),
          args: ["-m", "pytest", "-q", "-p", "no:cacheprovider"],
        },
        ...isClean("its code is clean"),
        areSound("its types are sound", "reference_service", "event_store"),
        ...names.flatMap((name) => isClean(`${name}: code of a new service is clean`).map(within(join(folder, name)))),
        within(made)(areSound("a new service's types are sound", moduleName(names[0]), "event_store")),
        within(made)({
          promise: "a new service keeps its promises by `uv run pytest`, and nothing else",
          command: "env",
          args: ["-u", "VIRTUAL_ENV", uv, "run", "--quiet", "--python", debianPython, "pytest", "-q"],
        }),
      ],
      options,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function within(cwd: string): (test: CommandTest) => CommandTest {
  return (test) => ({ ...test, cwd });
}
