import type { Archive } from "./open-apt.ts";

/** A Debian release's archives, by the names that mmdebstrap and Debian's installer give them. */
export function debianArchives(suite: string): readonly Archive[] {
  return [
    { uri: "http://deb.debian.org/debian", suite },
    { uri: "http://deb.debian.org/debian", suite: `${suite}-updates` },
    { uri: "http://security.debian.org/debian-security", suite: `${suite}-security` },
  ];
}
