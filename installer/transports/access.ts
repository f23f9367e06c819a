import type { SshLogin } from "../ssh/login.ts";
import type { Credentials } from "./credentials.ts";

/** Who asks a node, each over its own way. */
export type Access =
  | Credentials
  | { readonly kind: "ssh"; readonly login: SshLogin; readonly knownHosts: readonly string[] }
  | { readonly kind: "local" };
