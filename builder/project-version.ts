import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Version of this builder. @param project top of this project */
export async function projectVersion(project: string): Promise<string> {
  const text = await readFile(join(project, "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
