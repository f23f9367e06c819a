import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { exists, writeFileAtomic } from "../../lib/files.ts";
import { venvStamp } from "../../stack/venv.ts";
import type { Executors } from "../engine/action.ts";

const TIMEOUT = 15 * 60_000;

export const makeVenv: Executors["makeVenv"] = {
  lock: "uv",
  describe: ({ service, requirements }) => `${service} from ${requirements}`,
  async apply({ venv, requirements }, io) {
    const stamp = venvStamp({ venv });
    const python = `${venv}/bin/python`;
    const install = "python3 -m pip install uv, or put uv's binary into /usr/local/bin";
    const digest = createHash("sha256")
      .update(await readFile(requirements))
      .digest("hex");
    // From here to the last line it is nobody's whole venv.
    await rm(stamp, { force: true });
    if (!(await exists(python))) {
      await io.run("uv", ["venv", "--quiet", "--clear", "--python", "/usr/bin/python3", venv], {
        install,
        timeout: TIMEOUT,
      });
    }
    await io.run("uv", ["pip", "sync", "--quiet", "--require-hashes", "--python", python, requirements], {
      install,
      timeout: TIMEOUT,
    });
    await writeFileAtomic(stamp, `${digest}\n`);
  },
};
