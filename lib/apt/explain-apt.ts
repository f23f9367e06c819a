import { isStackError, StackError } from "../error.ts";
import { type AptFault, type AptFaultKind, readAptFaults } from "./read-apt-faults.ts";

export interface AptHints {
  /** What else the user can do, for the end of a hint. */
  readonly instead: string;
  /** How to make room, or to choose another place. */
  readonly room: string;
}

/** Codes of what passes by itself: the archive is asked again. */
const passing = new Set(["mirror-unreachable", "mirror-out-of-step", "package-gone"]);

/** Whether an error is a mirror's, which another look may find mended. */
export function isMirrorTrouble(error: unknown): error is StackError {
  return isStackError(error) && passing.has(error.code);
}

/**
 * Says what apt's words mean, one error for all of them.
 *
 * @param lines apt's standard error
 * @returns StackError `disk-full`; `untrusted-archive`; `mirror-out-of-step` where an archive is
 *   being changed, too old or damaged; `mirror-unreachable`; `package-gone` where archives are there
 *   and lack packages' files that they name. Else the error itself
 */
export function explainApt(error: unknown, lines: readonly string[], hints: AptHints): unknown {
  const faults = readAptFaults(lines);
  const first = order.find((kind) => faults.some((fault) => kindOf(fault) === kind));
  if (first === undefined) return error;
  const told = faults.filter((fault) => kindOf(fault) === first);
  const { code, message, hint } = meanings[first];
  return new StackError(code, message(told), { hint: hint(hints), detail: [...new Set(told.map(({ text }) => text))] });
}

/** A package's file that a server answers for is one package's trouble, not the whole archive's. */
type Meaning = Exclude<AptFaultKind, "gone" | "cut" | "mismatch"> | "package" | "broken";

function kindOf({ kind, package: name }: AptFault): Meaning {
  if (kind === "gone" || kind === "mismatch") return name === undefined ? "broken" : "package";
  if (kind === "cut") return name === undefined ? "unreachable" : "package";
  return kind;
}

/** The worst first. */
const order: readonly Meaning[] = ["full", "untrusted", "stale", "broken", "unreachable", "package"];

const later = "a mirror that is being updated is whole again within hours: try again then";

const meanings: Readonly<
  Record<
    Meaning,
    {
      readonly code: string;
      readonly message: (faults: readonly AptFault[]) => string;
      readonly hint: (hints: AptHints) => string;
    }
  >
> = {
  full: {
    code: "disk-full",
    message: () => "no space is left for Debian's packages",
    hint: ({ room }) => room,
  },
  untrusted: {
    code: "untrusted-archive",
    message: (faults) => `what ${archivesOf(faults)} serves is not signed as it must be`,
    hint: () => "see that this machine's clock is right, and its archive keys new; else somebody is in between",
  },
  stale: {
    code: "mirror-out-of-step",
    message: (faults) => `${archivesOf(faults)} is of another time: its list of packages is not valid now`,
    hint: ({ instead }) => `see that this machine's clock is right; ${later}; ${instead}`,
  },
  broken: {
    code: "mirror-out-of-step",
    message: (faults) => `${archivesOf(faults)} is half changed: its lists don't fit each other`,
    hint: ({ instead }) => `${later}; ${instead}`,
  },
  unreachable: {
    code: "mirror-unreachable",
    message: (faults) => `${archivesOf(faults)} can't be reached`,
    hint: ({ instead }) =>
      `see that this machine reaches it; a proxy is set by http_proxy=http://HOST:PORT, or in apt's configuration; ${instead}`,
  },
  package: {
    code: "package-gone",
    message: (faults) =>
      `${listOf(faults.map((fault) => fault.package ?? ""))}: the archive names the package, and its file can't be had`,
    hint: ({ instead }) => `${later}; ${instead}`,
  },
};

function archivesOf(faults: readonly AptFault[]): string {
  return listOf(faults.map(({ archive }) => archive));
}

function listOf(names: readonly string[]): string {
  const all = [...new Set(names)].sort();
  return all.length <= 4 ? all.join(", ") : `${all.slice(0, 4).join(", ")} and ${all.length - 4} more`;
}
