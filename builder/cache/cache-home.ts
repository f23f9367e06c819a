import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** `$XDG_CACHE_HOME/proxmox-stack`, else `~/.cache/proxmox-stack`. A relative XDG_CACHE_HOME is ignored, as its specification says. */
export function cacheHome(environment: Readonly<Record<string, string | undefined>>): string {
  const xdg = environment.XDG_CACHE_HOME ?? "";
  return join(isAbsolute(xdg) ? xdg : join(environment.HOME || homedir(), ".cache"), "proxmox-stack");
}
