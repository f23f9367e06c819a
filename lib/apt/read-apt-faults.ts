/**
 * What is wrong with one file or archive, in apt's words:
 * - `gone`: the server is there and has it not
 * - `mismatch`: what came is not what the index, or the signature, says
 * - `stale`: the archive's state is too old, or of a time to come
 * - `cut`: the connection broke off in the middle
 * - `untrusted`: the signature is not one of the keys that are trusted
 * - `full`: no space is left on this machine
 * - `unreachable`: the server doesn't answer, or with an error of its own
 */
export type AptFaultKind = "full" | "untrusted" | "stale" | "mismatch" | "gone" | "cut" | "unreachable";

export interface AptFault {
  readonly kind: AptFaultKind;
  /** `http://deb.debian.org/debian bookworm`, the suite only where apt tells it; "" for this machine's own faults. */
  readonly archive: string;
  /** Of a file: where it is to be had. */
  readonly url?: string;
  /** Of a package's file: the package's name. */
  readonly package?: string;
  /** As apt said it. */
  readonly text: string;
}

/** In the order in which they are looked for; a file that can't be fetched is else `unreachable`. */
const kinds: readonly (readonly [AptFaultKind, RegExp])[] = [
  ["full", /No space left on device|enough free space|Disk quota exceeded/],
  ["stale", /is expired|is not valid yet/],
  // A file cut short, or another's page in its place.
  ["mismatch", /Hash Sum mismatch|unexpected size|NOSPLIT|Splitting up|NODATA|Unable to parse|Release file$/],
  ["untrusted", /GPG error|signature|is not signed|no longer signed/],
  ["gone", /\s(?:404|410)\s|does not have a Release file|no longer has a Release file|File not found/],
  ["cut", /Error reading from server|Remote end closed|reset by peer|Undetermined Error/],
];

/** Reads what apt-get and apt-helper write to standard error. */
export function readAptFaults(lines: readonly string[]): AptFault[] {
  const faults = lines.flatMap((line): AptFault[] => {
    const fetched = /^(?:[EW]: )?Failed to fetch (\S+) +(.*)$/.exec(line);
    const release = /^(?:[EW]: )?Release file for (\S+) /.exec(line);
    const repository =
      /^(?:[EW]: )?(?:GPG error: |OpenPGP signature verification failed: |The repository ')(\S+) (\S+) (?:In)?Release/.exec(
        line,
      );
    const text = line.replace(/^[EW]: /, "");
    const kind = kinds.find(([, words]) => words.test(line))?.[0];
    if (repository !== null) return [{ kind: kind ?? "mismatch", archive: `${repository[1]} ${repository[2]}`, text }];
    const url = (fetched ?? release)?.[1];
    if (url !== undefined) return [{ kind: kind ?? "unreachable", ...placeOf(url), text }];
    return kind === "full" ? [{ kind, archive: "", text }] : [];
  });
  // `is not signed` is said of an InRelease file that was cut short too.
  const broken = new Set(faults.filter(({ kind }) => kind === "mismatch").map(({ archive }) => archive));
  return faults.filter(({ kind, archive }) => kind !== "untrusted" || !broken.has(archive));
}

/** The package of a file's name, `libc6_2.36-9_amd64.deb`. */
function placeOf(url: string): Pick<AptFault, "archive" | "url" | "package"> {
  const dists = /^(.*?)\/+dists\/([^/]+)\//.exec(url);
  const pool = /^(.*?)\/+pool\/(?:.*\/)?([^/_]+)_[^/]*\.deb$/.exec(url);
  if (dists !== null) return { archive: `${dists[1]} ${dists[2]}`, url };
  if (pool !== null) return { archive: pool[1] ?? "", url, package: pool[2] ?? "" };
  const name = /\/([^/_]+)_[^/]*\.deb$/.exec(url)?.[1];
  return { archive: url.replace(/\/[^/]*$/, ""), url, ...(name !== undefined && { package: name }) };
}
