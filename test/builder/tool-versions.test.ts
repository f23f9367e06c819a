import t from "tap";
import { toolVersions } from "../../builder/tool-versions.ts";
import { run } from "../../lib/run.ts";

t.test("the programs of a build tell their versions, in any language", async (t) => {
  const before = process.env.LC_ALL;
  process.env.LC_ALL = "de_DE.UTF-8";
  t.teardown(() => {
    if (before === undefined) delete process.env.LC_ALL;
    else process.env.LC_ALL = before;
  });
  const versions = await toolVersions(["apt", "dpkg", "mmdebstrap", "tar"], run);
  t.same(Object.keys(versions), ["apt", "dpkg", "mmdebstrap", "tar", "builder-node", "zlib"]);
  for (const [name, version] of Object.entries(versions)) t.match(version, /^\d+\.\d+[\w.+~-]*\w$/, name);
  t.equal(versions["builder-node"], process.versions.node);
});

t.test("a program that is not there is named", async (t) => {
  const before = process.env.PATH;
  process.env.PATH = t.testdir();
  t.teardown(() => {
    process.env.PATH = before;
  });
  await t.rejects(toolVersions(["tar"], run), { code: "missing-tool", message: /tar/ });
});
