import type { SshLogin } from "../ssh/login.ts";
import type { Credentials } from "./credentials.ts";
import type { Way } from "./transport.ts";

/** Who asks a node, each over its own way. */
export type Access =
  | Credentials
  | { readonly kind: "ssh"; readonly login: SshLogin; readonly knownHosts: readonly string[] }
  | { readonly kind: "local" };

/** The way that goes with it. */
export function wayOf({ kind }: Access): Way {
  return kind === "ssh" || kind === "local" ? kind : "api";
}
