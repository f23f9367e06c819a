import type { Run } from "../../lib/run.ts";
import type { VersionAsked } from "../../stack/model.ts";

/** Which version is installed of what the stack asks a version of; nothing where dpkg can't say. */
export async function installedVersions(
  asked: readonly Pick<VersionAsked, "what" | "package">[],
  run: Run,
): Promise<readonly { readonly name: string; readonly version: string }[]> {
  if (asked.length === 0) return [];
  const format = ["db:Status-Status", "Package", "Version"].map((field) => `\${${field}}`).join(" ");
  const args = ["-W", "-f", `${format}\n`, ...asked.map((one) => one.package)];
  // It ends with 1 where one of them is not known.
  const { stdout } = await run("dpkg-query", args, { accept: [0, 1], timeout: 10_000 });
  const lines = stdout.split("\n").map((line) => line.split(" "));
  return asked.flatMap(({ what, package: wanted }) => {
    const [, , version] = lines.find(([state, name]) => state === "installed" && name === wanted) ?? [];
    return version === undefined ? [] : [{ name: what, version }];
  });
}
