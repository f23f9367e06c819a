import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Evidence } from "../../engine/evidence.ts";
import type { Redacted } from "../../engine/secrets/redactor.ts";
import { isErrno, messageOf } from "../../lib/error.ts";
import type { BundledFile } from "../../stack/documents/support-bundle.ts";

/** Characters of one file; of more its end is kept. */
const MOST = 16 * 1024 * 1024;

export interface CollectOptions {
  /** Where files are written, root's alone. */
  readonly folder: string;
  readonly redact: (text: string) => Redacted;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

/** Collects each, takes secrets out of it, and writes it. One that can't be had keeps no other from being collected. */
export async function collectEvidence(
  evidence: readonly Evidence[],
  { folder, redact, signal, tell }: CollectOptions,
): Promise<BundledFile[]> {
  const files: BundledFile[] = [];
  for (const [index, { path, about, collect }] of evidence.entries()) {
    tell(`${index + 1} of ${evidence.length}: ${path}`);
    let found: string;
    try {
      found = await collect();
    } catch (error) {
      if (signal.aborted) throw error;
      files.push({ path, about, bytes: 0, redacted: 0, error: redact(messageOf(error)).text });
      continue;
    }
    const { text, count } = redact(found);
    const kept = text.length > MOST ? text.slice(-MOST) : text;
    const place = join(folder, path);
    await mkdir(dirname(place), { recursive: true, mode: 0o700 });
    await writeFile(place, kept, { mode: 0o600 });
    const cut = text.length - kept.length;
    files.push({ path, about, bytes: Buffer.byteLength(kept), redacted: count, ...(cut > 0 && { cut }) });
  }
  return files;
}

export function isFullDisk(error: unknown): boolean {
  return isErrno(error, "ENOSPC", "EDQUOT") || /No space left on device|Disk quota exceeded/.test(detailOf(error));
}

function detailOf(error: unknown): string {
  return error instanceof Error && "detail" in error && Array.isArray(error.detail) ? error.detail.join("\n") : "";
}
