import { StackError } from "../../../lib/error.ts";
import type { ExecResult } from "../../ssh/exec-over.ts";
import { refusedByNode } from "../refused-by-node.ts";
import type { Parameters } from "../transport.ts";

const verbs: Readonly<Record<string, string>> = { GET: "get", POST: "create", PUT: "set", DELETE: "delete" };

/**
 * The command line of a request. `pvesh` takes the API's own paths and parameters, each as
 * `--NAME VALUE` (pve-manager, PVE/CLI/pvesh.pm).
 *
 * @param path begins with /api2/json, its parts encoded as in a URL
 */
export function pveshCall(method: string, path: string, parameters: Parameters): readonly string[] {
  const plain = path
    .replace(/^\/api2\/json/, "")
    .split("/")
    .map(decodeURIComponent)
    .join("/");
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  const words = given.flatMap(([name, value]) => [`--${name}`, textOf(value)]);
  // Its output is UTF-8 whatever the login's language is.
  return ["env", "LC_ALL=C.UTF-8", "pvesh", verbs[method] ?? method, plain, "--output-format", "json", ...words];
}

function textOf(value: unknown): string {
  if (typeof value === "boolean") return value ? "1" : "0";
  return String(value);
}

/**
 * What pvesh says.
 *
 * A request that starts a task is one to be waited for here: pvesh's workers run in the
 * foreground, their log on standard output and the UPID after it, with exit code 0 however the
 * task ends (pve-common, PVE/RESTEnvironment.pm, fork_worker where the type is `cli`).
 *
 * @throws StackError `refused-by-node`, `not-allowed`, `not-root`, `no-proxmox`
 */
export function pveshAnswer(what: string, { stdout, stderr, code }: ExecResult): unknown {
  if (code === 0) {
    const task = taskOf(stdout);
    return task ?? jsonOf(stdout, what);
  }
  if (code === 127) throw noProxmox();
  if (/^please run as root$/m.test(stderr)) throw notRoot();
  throw refusedByNode({ what, ...fault(stderr === "" ? stdout : stderr) });
}

/** The task's name that ends what a worker has printed. */
function taskOf(stdout: string): string | undefined {
  return /^"?(UPID:[^"\s]+)"?$/.exec(stdout.trimEnd().split("\n").at(-1) ?? "")?.[1];
}

function jsonOf(stdout: string, what: string): unknown {
  if (stdout.trim() === "") return null;
  try {
    return JSON.parse(stdout);
  } catch (error) {
    throw new StackError("strange-answer", `what pvesh says to ${what} is not JSON`, { cause: error });
  }
}

/**
 * An error as PVE::Exception prints it: its HTTP code, where it has one, and its message; then a
 * line a parameter, then how pvesh is to be used.
 */
function fault(text: string) {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !/^(USAGE: )?pvesh /.test(line));
  const [first = "no reason given", ...rest] = lines;
  const [, code, reason = first] = /^(\d{3}) (.*)$/.exec(first) ?? [];
  const status = Number(code ?? 500);
  if (status !== 400) return { status, reason: [reason, ...rest].join(" "), errors: {} };
  const errors = rest.flatMap((line) => {
    const [, name, why] = /^([\w.-]+): (.*)$/.exec(line) ?? [];
    return name === undefined || why === undefined ? [] : [[name, why] as const];
  });
  return { status, reason, errors: Object.fromEntries(errors) };
}

export function noProxmox(): StackError {
  return new StackError("no-proxmox", "there is no pvesh: this is no Proxmox node", {
    hint: "name a node with --to root@pve1, or with --to pve1 and a token",
  });
}

export function notRoot(user = "this user"): StackError {
  return new StackError("not-root", `${user} is not the node's root, and pvesh takes requests of root alone`, {
    hint: "--to root@pve1; without root's rights: --via api with a token",
  });
}
