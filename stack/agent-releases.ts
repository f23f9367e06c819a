import { join } from "node:path/posix";
import { machinePaths } from "./machine-paths.ts";
import { releaseZero } from "./releases.ts";

/*
 * The stack's own releases lie side by side as its services' do: `/opt/stack-agent/releases/ID`, each with its
 * program (`bin`, `lib`), what that renders from (`share`) and what it was built from. In force is where the link
 * `current` leads, which `/usr/bin/stack-agent` and `/usr/share/stack-agent` go by: one step changes all of it.
 */

export const agentReleasesFolder = join(machinePaths.agent, "releases");

/** The link to the release in force. */
export const agentCurrentLink = join(machinePaths.agent, "current");

export function agentReleaseFolder(id: string): string {
  return join(agentReleasesFolder, id);
}

/** Where the template, or the package, puts its own. */
export const agentReleaseZero = agentReleaseFolder(releaseZero);

/** Where a file of `/usr/share/stack-agent` lies in the release that brings it. */
export function inAgentRelease(path: string, release: string = agentReleaseZero): string {
  const { share } = machinePaths;
  return path.startsWith(`${share}/`) ? `${release}/share${path.slice(share.length)}` : path;
}

/** Public keys, PEM, of those whose releases are taken. */
export const trustedKeysFolder = "/etc/stack-agent/release-keys";

/** @param fingerprint `SHA256:…` */
export function trustedKeyPath(fingerprint: string): string {
  return join(trustedKeysFolder, `${fingerprint.replace("SHA256:", "").slice(0, 16)}.pub`);
}
