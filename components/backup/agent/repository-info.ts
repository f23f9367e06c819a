import * as z from "zod/mini";
import { StackError } from "../../../lib/error.ts";
import { answerIn, type PgBackRestOptions, pgbackrest } from "./pgbackrest.ts";

/** What of `pgbackrest info --output=json` is looked at. */
const infoDocument = z.array(
  z.object({
    name: z.string(),
    status: z.object({ code: z.number(), message: z.string() }),
    /** Why one can't be read: code 99, whatever it is. */
    repo: z._default(z.array(z.object({ status: z.object({ message: z.string() }) })), []),
    db: z._default(z.array(z.object({ version: z.string(), "system-id": z.number() })), []),
    backup: z._default(
      z.array(
        z.object({
          label: z.string(),
          type: z.enum(["full", "diff", "incr"]),
          error: z._default(z.nullable(z.boolean()), false),
          timestamp: z.object({ start: z.number(), stop: z.number() }),
          info: z.object({ size: z.number(), repository: z.object({ delta: z.number() }) }),
          annotation: z.optional(z.record(z.string(), z.string())),
        }),
      ),
      [],
    ),
  }),
);

export interface Backup {
  readonly label: string;
  readonly type: "full" | "differential";
  readonly began: Date;
  /** Complete: from then on every moment can be restored. */
  readonly ended: Date;
  /** Bytes of the database, and what it takes in the repository. */
  readonly size: number;
  readonly stored: number;
  /** Pages of it were damaged already when it was made. */
  readonly damaged: boolean;
  /** Events that there were when it began; undefined where nobody counted. */
  readonly events: number | undefined;
  /** The newest migration that there was. */
  readonly migration: number | undefined;
}

export interface RepositoryInfo {
  /** PostgreSQL's major version; undefined where nothing is there. */
  readonly major: string | undefined;
  /** Oldest first. */
  readonly backups: readonly Backup[];
}

/**
 * @throws StackError `repository-missing`, `repository-damaged`, as pgbackrest does
 */
export async function repositoryInfo(options: Omit<PgBackRestOptions, "args">): Promise<RepositoryInfo> {
  const text = await pgbackrest("info", {
    ...options,
    args: ["--output=json", "--log-level-console=off"],
    timeout: 120_000,
  });
  return parseInfo(text, options.stanza);
}

/** pgBackRest's status codes (its src/command/info/info.c): 0 ok, 1 no such stanza, 2 no backup, 3 a part is missing. */
export function parseInfo(text: string, stanza: string): RepositoryInfo {
  const found = documentOf(text).find(({ name }) => name === stanza);
  if (found === undefined || found.status.code === 1) {
    throw new StackError("repository-missing", "there is no repository of this stack with this key", {
      hint: "is the target mounted, and is it the right key?",
    });
  }
  if (found.status.code !== 0 && found.status.code !== 2) {
    const said = found.repo.map(({ status }) => status.message).join("\n") || found.status.message;
    const { code, hint } = answerIn(said) ?? {
      code: "repository-damaged",
      hint: "use another copy of the repository",
    };
    throw new StackError(code, `the repository can't be read: ${said.split("\n", 1)[0]}`, { hint });
  }
  return {
    major: found.db.at(-1)?.version,
    backups: found.backup.map(({ label, type, error, timestamp, info, annotation = {} }) => ({
      label,
      type: type === "full" ? "full" : "differential",
      began: new Date(timestamp.start * 1000),
      ended: new Date(timestamp.stop * 1000),
      size: info.size,
      stored: info.repository.delta,
      damaged: error === true,
      events: numberOf(annotation.events),
      migration: numberOf(annotation.migration),
    })),
  };
}

function documentOf(text: string): z.output<typeof infoDocument> {
  try {
    return infoDocument.parse(JSON.parse(text));
  } catch (cause) {
    throw new StackError("repository-damaged", "what pgBackRest says of the repository can't be read", {
      cause,
      hint: "use another copy of the repository",
    });
  }
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
}
