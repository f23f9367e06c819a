import { StackError } from "../../lib/error.ts";

/** One setting of the definition that has a flag and a variable of its own. */
export interface Setting {
  /** As commander writes it. */
  readonly flag: string;
  readonly variable: string;
  /** In stack.yaml. */
  readonly path: string;
  readonly help: string;
  /** Texts are put in quotes, so that YAML reads no number out of them. */
  readonly kind: "text" | "number";
}

/** Settings of stack.yaml that differ from node to node. Any other is reached with --set. */
export const settings: readonly Setting[] = [
  row(
    "to <host>",
    "DEPLOY_TO",
    "deploy.to",
    "the node's address, with its port where that isn't 8006; over SSH root@HOST; several: pve1,pve2",
  ),
  row("via <way>", "DEPLOY_VIA", "deploy.via", "api, ssh, or local: on the node itself; see below"),
  row("node <name>", "DEPLOY_NODE", "deploy.node", "its name in the cluster, where the address says another"),
  row(
    "fingerprint <sha256>",
    "DEPLOY_FINGERPRINT",
    "deploy.fingerprint",
    "the certificate to trust (pvenode cert info), or the host key (ssh-keygen -l)",
  ),
  row("vmid <id>", "DEPLOY_VMID", "deploy.vmid", "the container's id (default: the next free one)", "number"),
  row("storage <name>", "DEPLOY_STORAGE", "deploy.storage", "storage of its disk (default: local-lvm)"),
  row(
    "template-storage <name>",
    "DEPLOY_TEMPLATE_STORAGE",
    "deploy.templateStorage",
    "storage of the template's file (default: local)",
  ),
  row("pool <name>", "DEPLOY_POOL", "deploy.pool", "the node's pool that it is put in (default: none)"),
  row("bridge <name>", "DEPLOY_BRIDGE", "deploy.bridge", "bridge of its network (default: vmbr0)"),
  row("hostname <name>", "DEPLOY_HOSTNAME", "container.hostname", "its host name (default: the definition's)"),
];

function row(flag: string, variable: string, path: string, help: string, kind: Setting["kind"] = "text"): Setting {
  return { flag: `--${flag}`, variable, path, help, kind };
}

/** A flag as it is typed, and the name commander has for it. */
export function names({ flag }: Setting): { readonly typed: string; readonly key: string } {
  const typed = flag.split(" ")[0] ?? flag;
  return { typed, key: typed.slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()) };
}

/**
 * What flags, variables and `--set` say, as `PATH=VALUE` for the definition: a flag goes before
 * its variable, `--set` before both.
 */
export function assignments(
  flags: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
  set: readonly string[] = [],
): string[] {
  const given = settings.flatMap((setting) => {
    const value = flags[names(setting).key] ?? environment[setting.variable];
    if (typeof value !== "string" || value === "") return [];
    return [`${setting.path}=${setting.kind === "text" ? JSON.stringify(value) : value}`];
  });
  return [...given, ...set];
}

/** A fault of such an assignment, told by the name that it was given with. */
export function inOwnWords(error: unknown, flags: Readonly<Record<string, unknown>>): unknown {
  if (!(error instanceof StackError) || error.code !== "definition-invalid") return error;
  const detail = error.detail.map((line) => {
    const setting = settings.find(({ path }) => line.startsWith(`--set ${path}:`));
    if (setting === undefined) return line;
    const { typed, key } = names(setting);
    return line.replace(`--set ${setting.path}:`, `${flags[key] === undefined ? setting.variable : typed}:`);
  });
  const { message, hint, exit, cause } = error;
  return new StackError(error.code, message, { hint, exit, detail, cause });
}
