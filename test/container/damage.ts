import type { Machine } from "./create-machine.ts";

/** Ways in which power cuts, disks and restores damage a file: `f` is the file, `n` its size. */
const ways = {
  "zeros behind it": 'head -c 595 /dev/zero >>"$f"',
  empty: ': >"$f"',
  "cut to its half": 'truncate -s $((n / 2)) "$f"',
  "cut by three bytes": 'truncate -s $((n - 3)) "$f"',
  "zeros all over": 'head -c "$n" /dev/zero >"$f"',
  "foreign bytes in its middle": 'head -c 64 /dev/urandom | dd of="$f" bs=1 seek=$((n / 2)) conv=notrunc status=none',
  "foreign bytes at its head": 'head -c 64 /dev/urandom | dd of="$f" bs=1 conv=notrunc status=none',
  gone: 'rm "$f"',
} as const;

export type Kind = keyof typeof ways;

/** Of a file's kinds of damage, those that this run plays: the first, in a long run all. */
export function played(kinds: readonly Kind[]): readonly Kind[] {
  return process.env.STACK_LONG === "true" ? kinds : kinds.slice(0, 1);
}

/**
 * Damages the first file that a pattern of the shell finds.
 *
 * @returns its path
 */
export async function damage(machine: Machine, pattern: string, kind: Kind): Promise<string> {
  return machine.sh(`set -e; f=$(ls -d ${pattern} | head -n 1); n=$(stat -c %s "$f"); ${ways[kind]}; echo "$f"`);
}
