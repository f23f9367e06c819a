import type { VerifyReport } from "./report.ts";

const words = { ok: "ok", failed: "FAILED", "not checked": "not checked" } as const;

/** A line a check, what was found below it, and the sum of it. */
export function reportText({ file, bytes, sha256, members, checks, status }: VerifyReport): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, title, state, findings }) => {
    const start = `${words[state].padEnd(11)}  ${name.padEnd(width)}`;
    if (state === "not checked") return [`${start}  ${findings.join("; ")}`];
    return [`${start}  ${title}`, ...findings.map((one) => `${" ".repeat(13 + width)}  - ${one}`)];
  });
  const count = checks.filter(({ state }) => state === "failed").length;
  const sum = status === "pass" ? "what was checked is ok" : `${count} of ${checks.length} checks failed`;
  return [
    `${file}: ${(bytes / 1e6).toFixed(0)} MB, ${members} members`,
    `sha256 ${sha256}`,
    "",
    ...lines,
    "",
    sum,
    "",
  ].join("\n");
}
