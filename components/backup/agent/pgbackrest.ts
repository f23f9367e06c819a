import { isStackError, StackError } from "../../../lib/error.ts";
import type { Run } from "../../../lib/run.ts";

export interface PgBackRestOptions {
  readonly run: Run;
  readonly signal: AbortSignal;
  readonly stanza: string;
  /** Another configuration than this machine's. */
  readonly config?: string | undefined;
  readonly args?: readonly string[];
  readonly onLine?: (line: string) => void;
  /** Milliseconds; default a day. */
  readonly timeout?: number;
}

const DAY = 24 * 3_600_000;

/** pgBackRest's error codes (its src/build/error/error.yaml) that people can do something about. */
const known: Readonly<Record<string, { readonly code: string; readonly hint: string }>> = {
  "026": { code: "repository-damaged", hint: "use another backup, or another copy of the repository" },
  "028": {
    code: "foreign-repository",
    hint: "what lies there is of another database: name another target, or give this machine another repository by stack-agent secrets rotate backup.key",
  },
  "029": { code: "repository-damaged", hint: "use another backup, or another copy of the repository" },
  "039": { code: "repository-damaged", hint: "use another backup, or another copy of the repository" },
  "050": { code: "backup-running", hint: "a backup is being made: stack-agent job ls; try again when it has ended" },
  "055": { code: "repository-missing", hint: "is the target mounted? ls -l TARGET" },
  "075": { code: "no-backup", hint: "stack-agent backup now" },
  "082": {
    code: "archive-failing",
    hint: "stack-agent health backup tells why; journalctl -u 'postgresql@*' -n 20",
  },
  "095": { code: "repository-damaged", hint: "the key is another one than it was made with, or a file is damaged" },
};

export const roomInTarget =
  "what was there before is whole; make room in the target, or keep fewer by backup.keep; then again";

/** What the target answers, whatever code pgBackRest has for that. */
const answers: readonly { readonly says: RegExp; readonly code: string; readonly hint: string }[] = [
  {
    says: /No space left on device/,
    code: "disk-full",
    hint: roomInTarget,
  },
  {
    says: /HTTP request failed with 40[13]/,
    code: "target-refused",
    hint: "the bucket's keys, or what they may do: stack-agent secrets set backup_s3_key, backup_s3_secret; then: stack-agent provision",
  },
  {
    says: /HTTP request failed with 404(?:.|\n)*NoSuchBucket/,
    code: "target-missing",
    hint: "the server has no such bucket: make it, or correct backup.target.s3.bucket",
  },
  {
    says: /unable to (?:connect|get address|find hostname)|TLS error|certificate|timeout connecting/i,
    code: "target-unreachable",
    hint: "backup.target.s3: its endpoint, and its ca where no authority that Debian knows has signed the server's certificate",
  },
];

/**
 * Runs pgBackRest as PostgreSQL's account.
 *
 * @returns its standard output
 * @throws StackError with the code of what it says, `command-failed` where that is nothing known; `aborted`, `timeout`
 */
export async function pgbackrest(command: string, options: PgBackRestOptions): Promise<string> {
  const { run, signal, stanza, config, args = [], onLine, timeout = DAY } = options;
  // With it, what is in /etc/pgbackrest is not read.
  const own = [`--stanza=${stanza}`, ...(config === undefined ? [] : [`--config=${config}`])];
  // A bucket's server answers at length: what pgBackRest says of it is not in the last lines.
  const said: string[] = [];
  try {
    const { stdout } = await run("runuser", ["-u", "postgres", "--", "pgbackrest", ...own, ...args, command], {
      cwd: "/",
      signal,
      timeout,
      onLine: (line) => {
        if (said.length > 0 || isError(line)) said.push(line);
        onLine?.(line);
      },
      install: "apt-get install pgbackrest",
    });
    return stdout;
  } catch (error) {
    throw explained(error, command, said);
  }
}

/** What people can do about what a target answered; undefined where it is none of that. */
export function answerIn(text: string): { readonly code: string; readonly hint: string } | undefined {
  return answers.find(({ says }) => says.test(text));
}

function isError(line: string): boolean {
  return /ERROR: \[\d{3}\]/.test(line);
}

function explained(error: unknown, command: string, lines: readonly string[]): unknown {
  if (!isStackError(error) || error.code !== "command-failed") return error;
  const [first, ...more] = lines;
  if (first === undefined) return error;
  const [, number = "", said = ""] = /ERROR: \[(\d{3})\]: (.*)/.exec(first) ?? [];
  const answer = answerIn(lines.join("\n"));
  const { code, hint } = answer ??
    known[number] ?? { code: "backup-failed", hint: "the lines above are pgBackRest's own" };
  return new StackError(code, `pgbackrest ${command}: ${said}`, {
    hint,
    detail: more.flatMap((line) => (line.includes("command end") ? [] : [line.trim()])).slice(-20),
  });
}
