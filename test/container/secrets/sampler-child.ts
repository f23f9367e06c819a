/**
 * Reads, over and over, the command line and the environment of every process that is not in
 * this process's own pid namespace, which is every process of any container. Once its
 * standard input ends it prints each of the texts it saw, a JSON string a line, and last the
 * number of its rounds.
 */
import { closeSync, openSync, readdirSync, readlinkSync, readSync, writeSync } from "node:fs";

const own = readlinkSync("/proc/self/ns/pid");
const guests = new Map<string, boolean>();
const lines = new Map<string, string>();
const seen = new Set<string>();
const buffer = Buffer.alloc(1 << 20);
let rounds = 0;
let open = true;
process.stdin.on("end", () => {
  open = false;
});
process.stdin.resume();

/** Undefined where the process has ended. */
function read(path: string): string | undefined {
  try {
    const file = openSync(path, "r");
    try {
      return buffer.toString("latin1", 0, readSync(file, buffer, 0, buffer.length, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}

function isGuest(pid: string): boolean {
  const known = guests.get(pid);
  if (known !== undefined) return known;
  try {
    const guest = readlinkSync(`/proc/${pid}/ns/pid`) !== own;
    // A child of lxc-start may still move into the container; the host's own stay what they are.
    if (guest) guests.set(pid, true);
    return guest;
  } catch {
    return false;
  }
}

function round(): void {
  rounds += 1;
  for (const pid of readdirSync("/proc")) {
    if (!/^\d/.test(pid) || !isGuest(pid)) continue;
    const line = read(`/proc/${pid}/cmdline`);
    if (line === undefined) {
      guests.delete(pid);
      lines.delete(pid);
      continue;
    }
    // An environment changes with the program only; right after exec it may still be empty.
    if (lines.get(pid) === line) continue;
    const environment = read(`/proc/${pid}/environ`) ?? "";
    if (environment !== "") lines.set(pid, line);
    seen.add(line).add(environment);
  }
}

function go(): void {
  if (open) {
    round();
    setImmediate(go);
    return;
  }
  for (const text of seen) writeSync(1, `${JSON.stringify(text)}\n`);
  writeSync(1, `${rounds}\n`);
}
go();
