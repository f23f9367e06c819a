import { stripVTControlCharacters } from "node:util";
import type { Run } from "../../lib/run.ts";
import { parseShow } from "../../lib/systemd/parse-show.ts";

/** Lines: a server's start and end, Erlang's report of a crash among them. */
const LINES = 400;
const LONGEST = 400;

/** States of a unit whose start is under way: it has not said yet how that ends. */
const starting = ["start-pre", "start", "start-post"];

/**
 * What a unit logged in its last start that has ended, or in this one where it runs: the oldest
 * first, without colours. What it said before may be mended since. Empty where the journal can't
 * be read. Not by `--boot`: in a sandbox with a /proc of its own a container's boot has another id.
 */
export async function lastWords(run: Run, unit: string, signal?: AbortSignal): Promise<readonly string[]> {
  const options = { signal, timeout: 10_000 };
  const fields = "--output-fields=MESSAGE,_SYSTEMD_INVOCATION_ID";
  const journal = ["--no-pager", "--output=json", fields, `--lines=${LINES}`, `_SYSTEMD_UNIT=${unit}`];
  try {
    const [shown, read] = await Promise.all([
      run("systemctl", ["show", "--property=SubState,InvocationID", "--", unit], options),
      run("journalctl", journal, options),
    ]);
    return lastAttempt(read.stdout, shown.stdout);
  } catch {
    return [];
  }
}

/**
 * @param journal lines of `journalctl --output=json`
 * @param shown what `systemctl show` says of SubState and InvocationID
 */
export function lastAttempt(journal: string, shown: string): readonly string[] {
  const unit = parseShow(shown)[0];
  const entries = journal
    .split("\n")
    .filter((line) => line !== "")
    .map((line): Entry => JSON.parse(line));
  const ended = starting.includes(unit?.get("SubState") ?? "")
    ? entries.filter((entry) => entry._SYSTEMD_INVOCATION_ID !== (unit?.get("InvocationID") ?? ""))
    : entries;
  const last = ended.at(-1)?._SYSTEMD_INVOCATION_ID;
  return ended
    .filter((entry) => entry._SYSTEMD_INVOCATION_ID === last)
    .flatMap(({ MESSAGE }) => stripVTControlCharacters(textOf(MESSAGE)).split("\n"))
    .filter((line) => line.trim() !== "");
}

/** As bytes where it is no text, null where it is too long. */
interface Entry {
  readonly MESSAGE?: string | readonly number[] | null;
  readonly _SYSTEMD_INVOCATION_ID?: string;
}

function textOf(message: Entry["MESSAGE"]): string {
  return typeof message === "string" ? message : Buffer.from(message ?? []).toString("latin1");
}

/**
 * The line that tells why a server ended: the last one that the first of the patterns knows, its
 * first group where it has one; the last line where none knows any.
 */
export function tellingLine(lines: readonly string[], patterns: readonly RegExp[]): string {
  for (const pattern of patterns) {
    const line = lines.findLast((each) => pattern.test(each));
    const [whole = "", told = whole] = pattern.exec(line ?? "") ?? [];
    if (told.trim() !== "") return shortened(told.trim());
  }
  return shortened(lines.at(-1)?.trim() ?? "");
}

function shortened(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}
