import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import type { Executors } from "../../../engine/action.ts";
import { whileStale } from "../../../engine/state/stale.ts";
import { exists, writeFileAtomic } from "../../../lib/files.ts";
import { agentCache } from "../../../stack/machine-paths.ts";
import { venvStamp } from "../../../stack/venv.ts";

const TIMEOUT = 15 * 60_000;

/** A system unit has no HOME; services read their venv from a read-only file system, byte code and all. */
const environment = {
  UV_CACHE_DIR: `${agentCache}/uv`,
  UV_PYTHON_DOWNLOADS: "never",
  UV_NO_PROGRESS: "1",
  UV_COMPILE_BYTECODE: "1",
  PYC_INVALIDATION_MODE: "UNCHECKED_HASH",
} as const;

/** Where the .deb has uv; the template has it in /usr/local/bin. */
const uvFolder = "/usr/lib/stack-agent";

/** The host's own authorities: a proxy that inspects TLS signs with one of them. */
const certificates = "/etc/ssl/certs/ca-certificates.crt";

export const makeVenv: Executors["makeVenv"] = {
  lock: "uv",
  outdates: true,
  describe: ({ service, requirements }) => `${service} from ${requirements}`,
  async apply({ venv, requirements, units }, io) {
    const stamp = venvStamp({ venv });
    const python = `${venv}/bin/python`;
    const install = "python3 -m pip install uv, or put uv's binary into /usr/local/bin";
    const env = {
      ...((await exists(certificates)) && { SSL_CERT_FILE: certificates }),
      ...process.env,
      ...environment,
      PATH: `${process.env.PATH}:${uvFolder}`,
    };
    const options = { install, timeout: TIMEOUT, env };
    const digest = createHash("sha256")
      .update(await readFile(requirements))
      .digest("hex");
    await whileStale(io.paths.run, units, async () => {
      // From here to the last line it is nobody's whole venv.
      await rm(stamp, { force: true });
      if (!(await exists(python))) {
        await io.run("uv", ["venv", "--quiet", "--clear", "--python", "/usr/bin/python3", venv], options);
      }
      await io.run("uv", ["pip", "sync", "--quiet", "--require-hashes", "--python", python, requirements], options);
      await writeFileAtomic(stamp, `${digest}\n`);
    });
  },
};
