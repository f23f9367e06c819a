/** What differs between Debian releases, as data. */
export interface DebianRelease {
  readonly suite: string;
  readonly version: string;
  readonly python: string;
  readonly postgres: string;
}

export const debianReleases = {
  bookworm: { suite: "bookworm", version: "12", python: "3.11", postgres: "15" },
} as const satisfies Record<string, DebianRelease>;

export type Suite = keyof typeof debianReleases;
export const suites = Object.keys(debianReleases) as [Suite, ...Suite[]];
