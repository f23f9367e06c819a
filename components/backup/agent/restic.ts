import { join } from "node:path";
import * as z from "zod/mini";
import { isStackError, StackError } from "../../../lib/error.ts";
import { writeFileAtomic } from "../../../lib/files.ts";
import type { Run, RunOptions } from "../../../lib/run.ts";
import type { Repository } from "./repository.ts";

export interface ResticOptions {
  readonly run: Run;
  readonly signal: AbortSignal;
  readonly repository: Repository;
  /** Folder that paths are relative to. */
  readonly cwd?: string;
}

const DAY = 24 * 3_600_000;

/** What it says where people can do something about it. Before 0.17 its exit code tells nothing of it. */
const known: readonly { readonly says: RegExp; readonly code: string; readonly hint: string }[] = [
  { says: /unable to open config file/, code: "parts-missing", hint: "stack-agent backup now" },
  { says: /wrong password or no key found/, code: "repository-damaged", hint: "use another copy of the repository" },
  { says: /no space left on device/i, code: "disk-full", hint: "nothing was changed; make room, then again" },
  { says: /already locked/, code: "backup-running", hint: "a backup is being made: stack-agent job ls" },
  {
    says: /does not match|ciphertext verification failed|pack .* (?:missing|contains)|not found in (?:index|repository)|Fatal: repository contains errors|is damaged|load <.*> failed/i,
    code: "repository-damaged",
    hint: "use another backup, or another copy of the repository",
  },
];

/**
 * Runs restic on the part of the repository that is its own.
 *
 * @returns its standard output
 * @throws StackError with the code of what it says, `backup-failed` where that is nothing known; `aborted`, `timeout`
 */
export async function restic(args: readonly string[], options: ResticOptions): Promise<string> {
  const { run, signal, repository, cwd } = options;
  const { place, more, env } = await addressOf(repository);
  // Quiet, or standard output begins with where the key is read from: its own standard input.
  const own = ["--repo", place, "--quiet", "--no-cache", ...more];
  const how: RunOptions = {
    ...{ signal, timeout: DAY, input: `${repository.key}\n`, install: "apt-get install restic" },
    ...(cwd !== undefined && { cwd }),
    ...(env !== undefined && { env: { ...process.env, ...env } }),
  };
  const once = async (words: readonly string[]): Promise<string> => {
    try {
      return (await run("restic", [...own, ...words], how)).stdout;
    } catch (error) {
      throw explained(error, words);
    }
  };
  try {
    return await once(args);
  } catch (error) {
    if (!isStackError(error) || error.code !== "backup-running") throw error;
    // Takes away the locks of processes that are gone, and no others.
    await once(["unlock"]);
    return await once(args);
  }
}

const credentials = "/run/stack-agent/restic-s3";

/** Where it is, in restic's words. A bucket's keys are in a file of root's: not in an environment, nor among arguments. */
async function addressOf({ path, s3 }: Repository) {
  if (s3 === undefined) return { place: join(path, "restic"), more: [], env: undefined };
  const { endpoint, bucket, region, uriStyle, ca, accessKey, secretKey } = s3;
  const text = `[default]\naws_access_key_id=${accessKey}\naws_secret_access_key=${secretKey}\n`;
  await writeFileAtomic(credentials, text, { mode: 0o600 });
  const lookup = uriStyle === "path" ? "path" : "dns";
  const more = ["--option", `s3.bucket-lookup=${lookup}`, "--option", `s3.region=${region}`];
  return {
    place: `s3:https://${endpoint}/${bucket}${path}/restic`,
    more: [...more, ...(ca === undefined ? [] : ["--cacert", ca])],
    env: { AWS_SHARED_CREDENTIALS_FILE: credentials },
  };
}

function explained(error: unknown, args: readonly string[]): unknown {
  if (!isStackError(error) || error.code !== "command-failed") return error;
  const { detail } = error;
  const found = known.find(({ says }) => detail.some((line) => says.test(line)));
  const said = detail.findLast((line) => line.trim() !== "") ?? "";
  return new StackError(found?.code ?? "backup-failed", `restic ${args[0]}: ${said.replace(/^Fatal: /, "")}`, {
    hint: found?.hint ?? "the lines above are restic's own",
    detail: detail.slice(-5),
  });
}

const snapshotsDocument = z.array(
  z.object({ id: z.string(), time: z.string(), tags: z._default(z.nullable(z.array(z.string())), []) }),
);

export interface Snapshot {
  readonly id: string;
  readonly tags: readonly string[];
}

/** What there is, the oldest first; nothing where no snapshot was ever made. */
export async function listSnapshots(options: ResticOptions): Promise<readonly Snapshot[]> {
  try {
    const found = snapshotsDocument.parse(JSON.parse(await restic(["snapshots", "--json"], options)));
    return found.sort((a, b) => a.time.localeCompare(b.time)).map(({ id, tags }) => ({ id, tags: tags ?? [] }));
  } catch (error) {
    if (isStackError(error) && error.code === "parts-missing") return [];
    throw error;
  }
}
