export const suites = ["bookworm", "trixie"] as const;
export type Suite = (typeof suites)[number];

/** What differs between Debian releases, as data. */
export interface DebianRelease {
  readonly suite: Suite;
  readonly version: string;
  readonly python: string;
  readonly postgres: string;
  /** Where the system's language is: since 13 /etc/default/locale is a link, made at each boot where it is none. */
  readonly localeFile: string;
  /** Whether its Redis knows `hide-user-data-from-log` (7.4 and later). */
  readonly redisHidesData: boolean;
}

export const debianReleases = {
  bookworm: {
    suite: "bookworm",
    version: "12",
    python: "3.11",
    postgres: "15",
    localeFile: "/etc/default/locale",
    redisHidesData: false,
  },
  trixie: {
    suite: "trixie",
    version: "13",
    python: "3.13",
    postgres: "17",
    localeFile: "/etc/locale.conf",
    redisHidesData: true,
  },
} as const satisfies Record<Suite, DebianRelease>;
