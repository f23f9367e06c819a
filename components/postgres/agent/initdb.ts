import { chmod, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Executors } from "../../../engine/action.ts";
import { asSealed, secretMark } from "../../../engine/secrets/sealed.ts";
import { isErrno, isStackError, StackError } from "../../../lib/error.ts";
import { ensureFolder, writeFileAtomic } from "../../../lib/files.ts";

const INITDB_TIMEOUT = 5 * 60_000;

/** What initdb writes and our own configuration stands for. */
const unused = ["postgresql.conf", "pg_hba.conf", "pg_ident.conf"];

/**
 * Makes the cluster beside its place and renames it: a power cut leaves none or a whole one.
 * The superuser's password is given as its verifier, in a file in memory: no power cut leaves it behind.
 */
export const initdb: Executors["initdb"] = {
  lock: "postgres",
  describe: ({ dataDirectory, locale }) => `${dataDirectory}, ${locale}`,
  async apply({ dataDirectory, binDirectory, locale }, io) {
    const parent = dirname(dataDirectory);
    const unfinished = `${dataDirectory}.new`;
    const passwordFile = `${io.paths.run}/postgres.verifier`;
    const { uid, gid } = await io.owner("postgres:postgres");
    await ensureFolder(parent, { mode: 0o755, uid, gid });
    await rm(unfinished, { recursive: true, force: true });
    const verifier = await io.unseal(asSealed(secretMark("postgres.superuser", "scram")));
    await writeFileAtomic(passwordFile, `${verifier}\n`, { mode: 0o600, uid, gid });
    const faults: string[] = [];
    try {
      const options = [
        `--pgdata=${unfinished}`,
        "--username=postgres",
        "--encoding=UTF8",
        `--locale=${locale}`,
        "--data-checksums",
        "--auth-local=peer",
        "--auth-host=scram-sha-256",
        `--pwfile=${passwordFile}`,
        "--no-instructions",
      ];
      await io.run("runuser", ["-u", "postgres", "--", `${binDirectory}/initdb`, ...options], {
        cwd: "/",
        timeout: INITDB_TIMEOUT,
        install: "apt-get install postgresql",
        onLine: (line) => {
          if (/\b(ERROR|FATAL|PANIC|HINT): |^initdb: error/.test(line)) faults.push(line);
        },
      });
      for (const file of unused) await rm(`${unfinished}/${file}`, { force: true });
      await chmod(unfinished, 0o700);
      // Before: once the cluster is there nobody comes this way again.
      await rm(passwordFile, { force: true });
      await rename(unfinished, dataDirectory);
    } catch (error) {
      if (isStackError(error) && error.code === "command-failed" && faults.length > 0) {
        // Its last lines are of the statement that it was at; why it failed stands above.
        throw new StackError(error.code, error.message, { detail: faults, cause: error });
      }
      if (!isErrno(error, "ENOTEMPTY", "EEXIST")) throw error;
      throw new StackError("data-folder-not-empty", `${dataDirectory} holds something that is no cluster`, {
        hint: `look at it and move it away: mv ${dataDirectory} ${dataDirectory}.old`,
        cause: error,
      });
    } finally {
      await rm(passwordFile, { force: true });
      await rm(unfinished, { recursive: true, force: true });
    }
  },
};
