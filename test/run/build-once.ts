import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { commandLine, run } from "../../lib/run.ts";
import { manifestDocument } from "../../stack/documents/manifest.ts";
import type { Terminal } from "./prove.ts";

/** A build from nothing takes a minute or two; one beside the other tests takes what they leave. */
const limit = 1_800_000;

export const layers = ["base", "python", "node", "agent", "overlay"] as const;
export type LayerName = (typeof layers)[number];

export interface Built {
  readonly template: string;
  readonly sha256: string;
  /** Layers that were made, not found in the cache. */
  readonly made: readonly string[];
}

/** Runs a build-template to its end; what it says goes to the terminal. */
export async function buildOnce(command: readonly string[], terminal: Terminal): Promise<Built> {
  const [program = "", ...args] = [...command, "--json"];
  terminal.write(`  ${commandLine(program, args)}\n`);
  const onLine = (line: string, stream: "stdout" | "stderr"): void => {
    if (stream === "stderr") terminal.write(`  ${line}\n`);
  };
  const { stdout } = await run(program, args, { timeout: limit, onLine });
  const { template, manifest } = JSON.parse(stdout) as { template: string; manifest: string };
  const document = manifestDocument.parse(JSON.parse(await readFile(manifest, "utf8")));
  const made = document.layers.filter(({ cached }) => cached !== true).map(({ name }) => name);
  return { template, sha256: await sha256(template), made };
}

/** @throws Error where other layers were made than expected */
export function rebuilt(built: Built, expected: readonly LayerName[]): Built {
  if (built.made.join() !== expected.join()) {
    throw new Error(`layers made anew: ${built.made.join(", ") || "none"}; not ${expected.join(", ") || "none"}`);
  }
  return built;
}

/** @throws Error where two templates' bytes or names differ */
export function same(built: Built, other: Built): void {
  const names = [built, other].map(({ template }) => basename(template));
  if (built.sha256 !== other.sha256) throw new Error(`the bytes differ: ${names.join(", ")}`);
  if (names[0] !== names[1]) throw new Error(`the names differ: ${names.join(", ")}`);
}

/** Of a template's name, what does not depend on its compression: its content's hash is in it. */
export function stem({ template }: Built): string {
  return basename(template).replace(/\.tar\.\w+$/, "");
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
