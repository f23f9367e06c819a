import { readTextIfAny } from "./files.ts";

/** A package as dpkg's database knows it. */
export interface DpkgPackage {
  readonly name: string;
  /** `installed`, `config-files`, `half-configured` … (dpkg(1), "Package states"). */
  readonly state: string;
  /** Installed, and nothing wrong with it. */
  readonly whole: boolean;
  /** Undefined of one whose state is `not-installed`. */
  readonly version: string | undefined;
  /** Names it stands in for, e.g. `mail-transport-agent`. */
  readonly provides: readonly string[];
  /** md5 of its conffiles as the package brought them, by path. */
  readonly conffiles: ReadonlyMap<string, string>;
}

export const dpkgStatusPath = "/var/lib/dpkg/status";

/** dpkg's own database, read without a process; undefined where there is none: it is not Debian. */
export async function readDpkgStatus(path = dpkgStatusPath): Promise<readonly DpkgPackage[] | undefined> {
  const text = await readTextIfAny(path);
  return text === undefined ? undefined : parseDpkgStatus(text);
}

/** @param text paragraphs of deb822(5), as in dpkg's status file */
export function parseDpkgStatus(text: string): readonly DpkgPackage[] {
  return text.split("\n\n").flatMap((lines): DpkgPackage[] => {
    const paragraph = `\n${lines}`;
    const name = field(paragraph, "Package");
    if (name === undefined) return [];
    const [, error, state = "not-installed"] = field(paragraph, "Status")?.split(" ") ?? [];
    return [
      {
        name,
        state,
        whole: error === "ok" && state === "installed",
        version: field(paragraph, "Version"),
        provides: provided(field(paragraph, "Provides")),
        conffiles: conffiles(paragraph),
      },
    ];
  });
}

/** By a search, not a pattern: there are hundreds of paragraphs, and a boot waits for them. */
function field(paragraph: string, name: string): string | undefined {
  const mark = `\n${name}: `;
  const start = paragraph.indexOf(mark);
  if (start < 0) return undefined;
  const end = paragraph.indexOf("\n", start + mark.length);
  return paragraph.slice(start + mark.length, end < 0 ? undefined : end);
}

/** `awk, old-awk (= 1.3)`: their names. */
function provided(field: string | undefined): readonly string[] {
  return field?.split(",").map((item) => item.trim().split(/[\s:(]/)[0] ?? "") ?? [];
}

/** Lines ` PATH MD5` below `Conffiles:`. */
function conffiles(paragraph: string): ReadonlyMap<string, string> {
  const start = paragraph.indexOf("\nConffiles:");
  const lines = start < 0 ? [] : paragraph.slice(start).matchAll(/^ (\/\S+) ([0-9a-f]{32})$/gm);
  return new Map([...lines].map(([, path = "", md5 = ""]) => [path, md5]));
}
