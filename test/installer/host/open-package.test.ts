import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { openPackage } from "../../../installer/host/open-package.ts";
import { smallPackage } from "./small-package.ts";

const folder = await mkdtemp(join(tmpdir(), "stack-package-"));
t.teardown(() => rm(folder, { recursive: true, force: true }));
const { signal } = new AbortController();

t.test("a package is read without dpkg: its name, version, checksum, and the stack inside", async (t) => {
  const path = await smallPackage(folder);
  const { model, ...rest } = await openPackage(path, signal);
  t.strictSame(rest, {
    path,
    file: "stack-agent-shop_1.2.3_amd64.deb",
    name: "stack-agent-shop",
    version: "1.2.3",
    bytes: (await stat(path)).size,
    sha256: createHash("sha256")
      .update(await readFile(path))
      .digest("hex"),
    contents: createHash("sha256")
      .update("d41d8cd98f00b204e9800998ecf8427e  etc/stack-agent/stack.yaml\n")
      .digest("hex"),
  });
  t.equal(model.name, "shop");
});

t.test("what is no package of a stack is refused with 64, whatever it is", async (t) => {
  const refused = (path: string, code: string) => t.rejects(openPackage(path, signal), { code, exit: 64 });
  await refused(join(folder, "none.deb"), "no-package");
  await refused(folder, "foreign-package");
  const text = join(folder, "text.deb");
  await writeFile(text, "not an archive");
  await refused(text, "foreign-package");
  const path = await smallPackage(folder);
  await truncate(path, (await stat(path)).size - 200);
  await refused(path, "foreign-package");
  const control = "Package: nano\nVersion: 1\nArchitecture: amd64\nMaintainer: x <x@x>\nDescription: x\n";
  await refused(await smallPackage(folder, { "DEBIAN/control": control }), "foreign-package");
  await refused(await smallPackage(folder, { "etc/stack-agent/stack.yaml": "name: shop\n" }), "definition-invalid");
});
