import type { ReadMember } from "../../archive/read-archive.ts";

/** Something looked for in an archive as it flows by, each probe on its own. */
export interface Probe {
  /** One word, for programs. */
  readonly name: string;
  /** What holds where nothing is found. */
  readonly title: string;
  /** Sees every member's header, in the archive's order. */
  readonly member?: (seen: Pick<ReadMember, "member" | "rawName">) => void;
  /** A reader of a regular file's content, called with each chunk; undefined where it is of no interest. */
  readonly content?: (seen: Pick<ReadMember, "member">) => ((chunk: Buffer) => void) | undefined;
  /** After the last member. Faults, one sentence each; none: it holds. */
  readonly findings: () => string[];
}

/** A list of faults that keeps count but not more than it can show. */
export function faultList(shown = 20): { add: (fault: string) => void; all: () => string[] } {
  const first: string[] = [];
  let count = 0;
  return {
    add: (fault) => {
      if (count++ < shown) first.push(fault);
    },
    all: () => (count > shown ? [...first, `and ${count - shown} more`] : first),
  };
}
