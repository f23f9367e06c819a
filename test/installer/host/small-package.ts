import { chmod, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "../../../lib/run.ts";

const definition = "name: shop\nversion: 1.2.3\nservices:\n  hello: { port: 8001 }\n";

/** A .deb that is read like a stack's, by dpkg-deb, with nothing to run in it. @returns its path */
export async function smallPackage(folder: string, changes: Readonly<Record<string, string>> = {}): Promise<string> {
  const root = await mkdtemp(join(folder, "deb-"));
  // mkdtemp's own mode is refused by dpkg-deb.
  await chmod(root, 0o755);
  const files: Readonly<Record<string, string>> = {
    "DEBIAN/control":
      "Package: stack-agent-shop\nVersion: 1.2.3\nArchitecture: amd64\nMaintainer: shop <root@localhost>\nDescription: a test's\n",
    "DEBIAN/md5sums": "d41d8cd98f00b204e9800998ecf8427e  etc/stack-agent/stack.yaml\n",
    "etc/stack-agent/stack.yaml": definition,
    "usr/share/noise": "x".repeat(100_001),
    ...changes,
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const path = join(folder, "stack-agent-shop_1.2.3_amd64.deb");
  await run("dpkg-deb", ["--root-owner-group", "-Zzstd", "--build", root, path]);
  return path;
}
