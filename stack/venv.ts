import type { ServiceModel } from "./model.ts";

/**
 * Holds the sha256, in hex, of the lock file a venv was made from, and a newline. Written
 * last, by whoever makes the venv: one without it, or with another digest, is not whole.
 */
export function venvStamp(venv: string): string {
  return `${venv}/requirements.sha256`;
}

/** The lock of a service's requirements in the container. */
export function requirementsLock(share: string, service: Pick<ServiceModel, "source">): string {
  const name = service.source === "reference" ? "reference" : service.source.replace(/^.*\//, "");
  return `${share}/requirements/${name}.lock`;
}
