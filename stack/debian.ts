export const suites = ["bookworm", "trixie"] as const;
export type Suite = (typeof suites)[number];

/** What differs between Debian releases, as data. */
export interface DebianRelease {
  readonly suite: Suite;
  readonly version: string;
  readonly python: string;
  /** Where the system's language is: since 13 /etc/default/locale is a link, made at each boot where it is none. */
  readonly localeFile: string;
}

export const debianReleases = {
  bookworm: {
    suite: "bookworm",
    version: "12",
    python: "3.11",
    localeFile: "/etc/default/locale",
  },
  trixie: {
    suite: "trixie",
    version: "13",
    python: "3.13",
    localeFile: "/etc/locale.conf",
  },
} as const satisfies Record<Suite, DebianRelease>;
