import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isStackError, messageOf } from "../../lib/error.ts";
import { random } from "../cuts/random.ts";
import { mutate } from "./mutate.ts";
import type { Target } from "./target.ts";

/** An input that was not met as it should be. */
export interface Fault {
  readonly input: Buffer;
  readonly what: string;
}

/** Seconds of processor time that reading one input may take: such inputs are small, and a thousand times less is usual. */
const mostSeconds = 2;

/** Reads one input. @returns what is wrong with how it was met */
export async function tryInput(target: Target, input: Buffer): Promise<string | undefined> {
  const before = process.cpuUsage();
  try {
    await target.read(input);
  } catch (error) {
    if (!isStackError(error)) return error instanceof Error ? `${error.stack}` : messageOf(error);
  }
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  return seconds > mostSeconds ? `it takes ${seconds.toFixed(1)} s of processor time` : undefined;
}

/**
 * Plays rounds of inputs that follow from the seed.
 *
 * @returns at most one fault a place in the code
 */
export async function playRounds(
  target: Target,
  { seed, rounds, onRound }: { readonly seed: number; readonly rounds: number; readonly onRound?: () => void },
): Promise<readonly Fault[]> {
  const seeds = [...(await target.seeds()), ...(await corpus(target.name)).map(({ input }) => input)];
  const found = new Map<string, Fault>();
  const number = Number.parseInt(createHash("sha256").update(target.name).digest("hex").slice(0, 8), 16);
  for (let round = 0; round < Math.ceil(rounds / (target.slow ?? 1)); round += 1) {
    const next = random(seed, number, round);
    const made = mutate(seeds, next);
    const input = target.mended !== undefined && next() < 0.7 ? target.mended(made) : made;
    const what = await tryInput(target, input);
    if (what !== undefined) {
      const place = (what.match(/^ {4}at .*/gm) ?? [what]).slice(0, 3).join("\n");
      const known = found.get(place);
      if (known === undefined || known.input.length > input.length) found.set(place, { input, what });
    }
    onRound?.();
  }
  return [...found.values()];
}

export function corpusFolder(name: string): string {
  return join(import.meta.dirname, "corpus", name);
}

/** Inputs that were met wrongly once. */
export async function corpus(name: string): Promise<readonly { readonly file: string; readonly input: Buffer }[]> {
  const folder = corpusFolder(name);
  const files = (await readdir(folder).catch(() => [])).sort();
  return Promise.all(files.map(async (file) => ({ file, input: await readFile(join(folder, file)) })));
}

/** Keeps an input for every run to come. @returns its file */
export async function keepInput(name: string, input: Buffer): Promise<string> {
  const folder = corpusFolder(name);
  const file = join(folder, createHash("sha256").update(input).digest("hex").slice(0, 12));
  await mkdir(folder, { recursive: true });
  await writeFile(file, input);
  return file;
}
