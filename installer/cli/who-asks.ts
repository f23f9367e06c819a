import { access as accessible, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { ExitCode, StackError } from "../../lib/error.ts";
import { knownHostsFiles } from "../ssh/host-trust.ts";
import { ownLogin } from "../ssh/login.ts";
import type { Access } from "../transports/access.ts";
import { credentials } from "../transports/credentials.ts";
import { type Way, ways } from "../transports/transport.ts";
import { askForSecret } from "./ask.ts";

/** What flags say of the way to a node, and of who asks it. */
export interface AccessFlags {
  readonly to?: string | undefined;
  readonly via?: string | undefined;
  readonly tokenFile?: string;
  readonly user?: string;
  readonly caFile?: string;
  readonly identity?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Who asks the node, and so over which way.
 *
 * @param at the node and the way to it, where more than the flags say so
 * @throws StackError those of `credentials`, `other-way`, `bad-way`; exit 64
 */
export async function whoAsks(flags: AccessFlags, at: Pick<AccessFlags, "to" | "via"> = flags): Promise<Access> {
  const environment: Environment = process.env;
  const way = await chooseWay(at, environment);
  refuseOthers(flags, way);
  if (way === "local") return { kind: "local" };
  if (way === "api")
    return credentials({ environment, tokenFile: flags.tokenFile, user: flags.user, ask: askForSecret });
  const { identity } = flags;
  const login = ownLogin(environment, {
    identities: identity === undefined ? [] : [identity],
    password: environment.PROXMOX_PASSWORD,
    ask: askForSecret,
  });
  return { kind: "ssh", login, knownHosts: knownHostsFiles(environment) };
}

/** As it is asked for; else SSH for an address like root@pve1; else the node itself, where this is one and no other is named; else the API. */
export async function chooseWay({ via, to: flag }: AccessFlags, environment: Environment): Promise<Way> {
  const asked = via ?? environment.DEPLOY_VIA ?? "";
  const to = flag ?? environment.DEPLOY_TO ?? "";
  const found = ways.find((way) => way === asked);
  if (found !== undefined) return found;
  if (asked !== "") {
    throw new StackError("bad-way", `${via === undefined ? "DEPLOY_VIA" : "--via"}: ${asked} is no way to a node`, {
      hint: `one of ${ways.join(", ")}`,
      exit: ExitCode.usage,
    });
  }
  if (to.includes("@")) return "ssh";
  return to === "" && (await isNode(environment)) ? "local" : "api";
}

async function isNode({ PATH = "" }: Environment): Promise<boolean> {
  for (const folder of PATH.split(delimiter)) {
    const there = await accessible(join(folder, "pvesh"), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (there) return true;
  }
  return false;
}

/** Flags that say something on some ways only. --ca-file is none: a variable gives it too, for every node. */
const meant = [
  ["tokenFile", "--token-file", ["api"], "over SSH a key says who asks: --identity"],
  ["user", "--user", ["api"], "over SSH the user is part of the address: --to root@pve1"],
  ["identity", "--identity", ["ssh"], "--via ssh, or --to root@pve1"],
  ["to", "--to", ["api", "ssh"], "without --via local"],
] as const satisfies readonly (readonly [keyof AccessFlags, string, readonly Way[], string])[];

/** A flag that would say nothing is a misunderstanding. */
function refuseOthers(flags: AccessFlags, way: Way): void {
  for (const [name, flag, theirs, hint] of meant) {
    if (flags[name] === undefined || theirs.some((one) => one === way)) continue;
    throw new StackError("other-way", `${flag} means nothing to --via ${way}`, { hint, exit: ExitCode.usage });
  }
}
