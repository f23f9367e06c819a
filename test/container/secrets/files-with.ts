import { join } from "node:path";
import { run } from "../../../lib/run.ts";
import type { Machine } from "../create-machine.ts";
import { secret } from "../logins.ts";
import { type Needle, needlesOf } from "./needles.ts";

export const secretsFolder = "/var/lib/stack-agent/secrets";

/** Everything secret that the instance made: its passwords and tokens, and its SSH host keys. */
export async function allNeedles(machine: Machine): Promise<readonly Needle[]> {
  const names = (await machine.sh(`ls ${secretsFolder}`)).split("\n");
  const needles = await Promise.all(names.map(async (name) => needlesOf(name, await secret(machine, name))));
  const keys = (await machine.sh("ls /etc/ssh/ssh_host_*_key")).split("\n");
  const lines = await Promise.all(
    keys.map(async (path) => keyLines(path, await machine.sh(`cat ${path}`), await machine.sh(`cat ${path}.pub`))),
  );
  return [...needles.flat(), ...lines.flat()];
}

/** An OpenSSH private key begins with its type and its public half. */
function keyLines(path: string, key: string, publicKey: string): readonly Needle[] {
  const lines = key.split("\n").filter((line) => line.length === 70 && !publicKey.includes(line));
  return lines.slice(1).map((text) => ({ secret: path, form: "private key", kind: "value", text }));
}

/** Paths below a folder of the host, in order, of the files that hold any of these, in one pass over all of it. */
export async function filesWith(folder: string, needles: readonly Needle[]): Promise<readonly string[]> {
  const { stdout } = await run(
    "grep",
    // Vanished files are no errors; devices, sockets and pipes are not read.
    ["-rlaFs", "--devices=skip", "-f", "-", "."],
    {
      cwd: folder,
      input: needles.map(({ text }) => text).join("\n"),
      env: { ...process.env, LC_ALL: "C" },
      accept: [0, 1, 2],
      timeout: 300_000,
    },
  );
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((path) => join("/", path))
    .sort();
}

/** The journal of every boot, every field of every entry as it was written. */
export async function wholeJournal(machine: Machine): Promise<string> {
  const { stdout } = await machine.exec("journalctl", ["--no-pager", "--all", "--merge", "--output=export"], {
    timeout: 120_000,
  });
  return stdout;
}
