import { StackError } from "../../lib/error.ts";
import { run } from "../../lib/run.ts";

/** One member of a tar archive, as GNU tar lists it. */
export interface Member {
  readonly name: string;
  /** The first letter of `ls -l`: `-`, `d`, `l`, `h`, `c`, `b`, `p`. */
  readonly kind: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Of a symbolic or hard link. */
  readonly target?: string;
  /** File capabilities, `security.capability`. */
  readonly capability: boolean;
}

const line = /^([-dlhcbp])([-rwxsStT]{9})[.+*]* +(\d+)\/(\d+) +(\d+|\d+,\d+) +\S+ +\S+ (.*)$/;

/** Every member of a template, in its order, by the tar that Proxmox uses. */
export async function archiveListing(template: string): Promise<Member[]> {
  const args = ["--numeric-owner", "--xattrs", "--xattrs-include=*", "--full-time", "--quoting-style=literal", "-tvvf"];
  const { stdout } = await run("tar", [...args, template], { timeout: 300_000, env: { ...process.env, LC_ALL: "C" } });
  const members: Member[] = [];
  for (const text of stdout.split("\n")) {
    if (text === "") continue;
    const attribute = /^ +x: +\d+ (\S+)$/.exec(text)?.[1];
    const last = members.at(-1);
    if (attribute !== undefined && last !== undefined) {
      if (attribute === "security.capability") members[members.length - 1] = { ...last, capability: true };
      continue;
    }
    members.push(parse(text));
  }
  return members;
}

function parse(text: string): Member {
  const [, kind, letters, uid, gid, size, rest] = line.exec(text) ?? [];
  if (kind === undefined || letters === undefined || rest === undefined) {
    throw new StackError("listing", `tar lists what is not understood: ${text}`);
  }
  const separator = kind === "l" ? " -> " : kind === "h" ? " link to " : undefined;
  const at = separator === undefined ? -1 : rest.indexOf(separator);
  return {
    name: at < 0 ? rest : rest.slice(0, at),
    kind,
    mode: modeOf(letters),
    uid: Number(uid),
    gid: Number(gid),
    size: Number(size),
    ...(at < 0 || separator === undefined ? {} : { target: rest.slice(at + separator.length) }),
    capability: false,
  };
}

/** `rwsr-xr-x` → 0o4755. */
function modeOf(letters: string): number {
  const bits = [...letters].reduce((mode, letter) => (mode << 1) | (/[-ST]/.test(letter) ? 0 : 1), 0);
  const special = [letters[2], letters[5], letters[8]].reduce(
    (mode, letter) => (mode << 1) | (/[sStT]/.test(letter ?? "") ? 1 : 0),
    0,
  );
  return (special << 9) | bits;
}
