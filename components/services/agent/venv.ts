import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import type { Executors } from "../../../engine/action.ts";
import { whileStale } from "../../../engine/state/stale.ts";
import { exists, writeFileAtomic } from "../../../lib/files.ts";
import { venvStamp } from "../../../stack/venv.ts";
import { installEnvironment, uvOptions } from "./uv.ts";

export const makeVenv: Executors["makeVenv"] = {
  lock: "uv",
  outdates: true,
  describe: ({ service, requirements }) => `${service} from ${requirements}`,
  async apply({ venv, requirements, units }, io) {
    const stamp = venvStamp(venv);
    const python = `${venv}/bin/python`;
    const options = await uvOptions();
    const digest = createHash("sha256")
      .update(await readFile(requirements))
      .digest("hex");
    await whileStale(io.paths.run, units, async () => {
      // From here to the last line it is nobody's whole venv.
      await rm(stamp, { force: true });
      if (!(await exists(python))) {
        await io.run("uv", ["venv", "--quiet", "--clear", "--python", "/usr/bin/python3", venv], options);
      }
      await installEnvironment(python, requirements, { run: io.run, options });
      await writeFileAtomic(stamp, `${digest}\n`);
    });
  },
};
