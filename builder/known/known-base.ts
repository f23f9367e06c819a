import type { Suite } from "../../stack/debian.ts";
import bookworm from "./bookworm.json" with { type: "json" };
import type { Names } from "./names-of-base.ts";
import trixie from "./trixie.json" with { type: "json" };

/** What is known of a release's base before there is one: enough to refuse most of what it would not take. */
export interface KnownBase {
  /** Of the default stack's packages: units, accounts, what lies in /etc and /opt. */
  readonly names: Names;
  /** As in /usr/share/zoneinfo. */
  readonly zones: ReadonlySet<string>;
  /** Languages that a locale can be made of, as `en_US`. */
  readonly languages: ReadonlySet<string>;
}

/** Recorded from real bases by record.ts; words are separated by spaces. */
const recorded: Readonly<Record<Suite, typeof bookworm>> = { bookworm, trixie };

export function knownBase(suite: Suite): KnownBase {
  const { units, users, groups, paths, zones, languages } = recorded[suite];
  const of = (kind: string, words: string): string[] => words.split(" ").map((word) => kind + word);
  return {
    names: new Set([...of("unit ", units), ...of("user ", users), ...of("group ", groups), ...of("", paths)]),
    zones: new Set(of("", zones)),
    languages: new Set(of("", languages)),
  };
}
