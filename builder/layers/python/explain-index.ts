import { isStackError, StackError } from "../../../lib/error.ts";
import { explainSpace } from "../../explain-space.ts";

/** Whether an error is the package index's, which another look may find mended. */
export function isIndexTrouble(error: unknown): boolean {
  return isStackError(error) && error.code === "index-trouble";
}

/**
 * Says what pip's and uv's words mean where a package can't be had. pip takes a file that was cut
 * short for one of another hash; uv tells these apart.
 *
 * @throws StackError `index-trouble` naming the packages, `work-full`; else the error itself
 */
export function explainIndex(error: unknown): never {
  if (!isStackError(error) || error.code !== "command-failed") throw error;
  // uv breaks its lines.
  const text = error.detail.map((line) => line.replace(/^[\s│├╰─▶×]+/, "")).join(" ");
  const names = [...new Set(trouble.flatMap((words) => [...text.matchAll(words)].map(([, name = ""]) => name)))];
  if (names.length === 0 || /Hash mismatch|No space left/i.test(text)) explainSpace(error);
  throw new StackError("index-trouble", `${names.join(", ")} can't be had from the Python index`, {
    detail: error.detail,
    hint: /certificate/i.test(text)
      ? "the certificates trusted are SSL_CERT_FILE's, or this machine's /etc/ssl/certs/ca-certificates.crt"
      : "see that this machine reaches its index: https_proxy, pip's index-url; then build again: what is done stays",
  });
}

/** Each names the package, or its address. */
const trouble = [
  /Failed to download `([^`]+)`/g,
  /Failed to fetch: `([^`]+)`/g,
  /Because (\S+) was not found in the package registry/g,
  /No matching distribution found for (\S+)/g,
  /Could not install requirement (\S+) from/g,
  /DO NOT MATCH THE HASHES.*? (\S+==\S+) from /g,
] as const;
