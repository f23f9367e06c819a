import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { removeUnfinished, unfinishedName, writeFileAtomic } from "../../lib/files.ts";

t.test("what a killed writer had begun is taken away, and nothing else", async (t) => {
  const folder = t.testdir({ "a.tmp": "", ".hidden.tmp": "", ".0123456789ab.tmp.keep": "" });
  await writeFileAtomic(join(folder, "whole"), "whole\n");
  for (let count = 0; count < 3; count += 1) await writeFile(join(folder, unfinishedName()), "hal");
  t.equal((await readdir(folder)).length, 7);
  await removeUnfinished(folder);
  t.same((await readdir(folder)).sort(), [".0123456789ab.tmp.keep", ".hidden.tmp", "a.tmp", "whole"]);
  await removeUnfinished(join(folder, "not-there"));
  await removeUnfinished(join(folder, "whole"));
});
