import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "./error.ts";
import { readTextIfAny } from "./files.ts";

/** A TCP socket that takes connections, and who holds it. */
export interface Listener {
  readonly port: number;
  /** It can be reached by an address of its own alone, which is not of the loopback; not by all, nor by loopback's. */
  readonly elsewhere: boolean;
  /** It can be reached by every address that the machine has. */
  readonly everywhere: boolean;
  /** Undefined where it belongs to another namespace, or ended meanwhile. */
  readonly pid: number | undefined;
  /** The program's name, e.g. "postgres". */
  readonly program: string | undefined;
  /** The systemd unit it runs in, e.g. "postgresql@15-main.service"; `init.scope` holds the sockets of socket units. */
  readonly unit: string | undefined;
}

/** LISTEN, in proc(5)'s net/tcp. */
const listening = "0A";

/**
 * Who listens on some ports: of proc(5), so no program is needed. Others' processes show
 * only to root.
 *
 * @param root where /proc is; "/" but in tests
 */
export async function readListeners(ports: readonly number[], root = "/"): Promise<Listener[]> {
  const tables = await Promise.all(["tcp", "tcp6"].map((name) => readTextIfAny(join(root, "proc/net", name))));
  const sockets = tables.flatMap((text) => parseSockets(text ?? "")).filter(({ port }) => ports.includes(port));
  if (sockets.length === 0) return [];
  const holders = await holdersOf(new Set(sockets.map(({ inode }) => inode)), join(root, "proc"));
  return Promise.all(
    sockets.map(async ({ inode, ...socket }) => {
      const pid = holders.get(inode);
      if (pid === undefined) return { ...socket, pid, program: undefined, unit: undefined };
      const [program, cgroup] = await Promise.all([
        readTextIfGone(join(root, "proc", `${pid}`, "comm")),
        readTextIfGone(join(root, "proc", `${pid}`, "cgroup")),
      ]);
      return { ...socket, pid, program: program?.trim(), unit: unitOf(cgroup ?? "") };
    }),
  );
}

interface Socket {
  readonly port: number;
  readonly elsewhere: boolean;
  readonly everywhere: boolean;
  readonly inode: string;
}

/** Lines of /proc/net/tcp and tcp6: `sl local_address rem_address st … inode`, addresses in hexadecimal words. */
export function parseSockets(text: string): Socket[] {
  return text.split("\n").flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [address = "", port = ""] = (fields[1] ?? "").split(":");
    if (fields[3] !== listening) return [];
    const everywhere = /^0+$/.test(address);
    const elsewhere = !everywhere && !isLoopback(address);
    return [{ port: Number.parseInt(port, 16), elsewhere, everywhere, inode: fields[9] ?? "" }];
  });
}

function isLoopback(address: string): boolean {
  // 127.x.x.x, its bytes the other way round; the same as ::ffff:127.x.x.x; ::1.
  return /^(0{16}FFFF0000)?[0-9A-F]{6}7F$/.test(address) || address === "00000000000000000000000001000000";
}

/** The innermost unit of a process, v1 and v2 (`0::/system.slice/ssh.service`). */
export function unitOf(cgroup: string): string | undefined {
  const lines = cgroup.split("\n");
  const line =
    lines.find((one) => one.startsWith("0::") && one !== "0::/") ?? lines.find((one) => one.includes(":name=systemd:"));
  return line?.split("/").findLast((part) => /\.(service|scope)$/.test(part));
}

async function holdersOf(inodes: ReadonlySet<string>, proc: string): Promise<Map<string, number>> {
  const holders = new Map<string, number>();
  const pids = (await readdir(proc)).filter((name) => /^\d+$/.test(name)).map(Number);
  // Children come after the parents that they have the socket from.
  for (const pid of pids.sort((a, b) => b - a)) {
    const folder = join(proc, `${pid}`, "fd");
    for (const name of await namesIfGone(folder)) {
      const inode = /^socket:\[(\d+)\]$/.exec(await linkIfGone(join(folder, name)))?.[1];
      if (inode !== undefined && inodes.has(inode)) holders.set(inode, pid);
    }
  }
  return holders;
}

const gone = ["ENOENT", "ESRCH", "EACCES", "EPERM", "ENOTDIR"];

function namesIfGone(folder: string): Promise<string[]> {
  return orElse(readdir(folder), []);
}

function linkIfGone(path: string): Promise<string> {
  return orElse(readlink(path), "");
}

function readTextIfGone(path: string): Promise<string | undefined> {
  return orElse<string | undefined>(readFile(path, "utf8"), undefined);
}

async function orElse<T>(look: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await look;
  } catch (error) {
    if (isErrno(error, ...gone)) return otherwise;
    throw error;
  }
}
