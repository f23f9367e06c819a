import type { ServiceModel } from "./model.ts";
import { releaseFolder, releaseZero } from "./releases.ts";

/**
 * Holds the sha256, in hex, of the lock file a venv was made from, and a newline. Written
 * last, by whoever makes the venv: one without it, or with another digest, is not whole.
 */
export function venvStamp(venv: string): string {
  return `${venv}/requirements.sha256`;
}

/** The lock that the template's own release of a service was made from. */
export function requirementsLock(service: Pick<ServiceModel, "folder">): string {
  return `${releaseFolder(service, releaseZero)}/requirements.lock`;
}
