import { StackError } from "../../lib/error.ts";
import { sha256 } from "./codec.ts";

/** A document that carries the digest of its own text, so that damage shows wherever it hit. */
export function seal(document: unknown): string {
  const text = JSON.stringify(document);
  return `{"sha256":"${sha256(text)}","document":${text}}`;
}

/** The document of a sealed text. @throws StackError `damaged-layer` for any other text */
export function unseal(text: string): unknown {
  const [, digest, document] = /^\{"sha256":"([0-9a-f]{64})","document":(.*)\}$/s.exec(text) ?? [];
  if (document === undefined || sha256(document) !== digest) {
    throw new StackError("damaged-layer", "a file of the cache is not what was written");
  }
  return JSON.parse(document);
}
