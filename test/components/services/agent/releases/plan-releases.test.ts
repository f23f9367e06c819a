import t from "tap";
import {
  inspectReleases,
  planReleases,
  preflightReleases,
  type ReleaseFacts,
  resetReleases,
} from "../../../../../components/services/agent/releases/plan-releases.ts";
import type { FactReader } from "../../../../../engine/facts/fact-reader.ts";
import { stackModel } from "../../../../stack/stack-model.ts";

const folder = "/opt/stock-analysis/services/frontend";
const id = "20261129-231501-3f2a9c";
const inForce: ReleaseFacts = {
  ...{ service: "frontend", folder, unit: "stock-analysis-frontend.service" },
  ...{ wanted: id, whole: true, current: `releases/${id}`, deployed: [`${folder}/releases/${id}`] },
};

t.test("what is put in force is what is wanted, wherever the link leads", async (t) => {
  const plan = (facts: Partial<ReleaseFacts>) => planReleases([{ ...inForce, ...facts }]);
  t.same(plan({}), []);
  t.match(plan({ current: "releases/0" }), [
    { do: "switchRelease", why: "0 is in force", args: { folder, release: id, units: [inForce.unit] } },
  ]);
  t.match(plan({ current: undefined, wanted: "0" }), [{ why: "no release is in force", args: { release: "0" } }]);
  t.same(plan({ current: "releases/0", whole: false }), [], "a release that isn't there is no reason to switch");
});

t.test("a release that is wanted and not there is a problem that names it, and how to take another", async (t) => {
  t.same(preflightReleases([inForce]), []);
  t.match(preflightReleases([{ ...inForce, whole: false }]), [
    { code: "release-missing", message: new RegExp(`${id} of frontend`), hint: /rollback frontend ID/ },
  ]);
  t.match(preflightReleases([{ ...inForce, wanted: "0", whole: false }]), [{ hint: /build it again/ }]);
});

t.test("facts: the template's own is wanted until another was deployed; a damaged record is told", async (t) => {
  const model = stackModel();
  const reader = (text: string | undefined): FactReader =>
    ({
      readText: async () => text,
      exists: async (path: string) => path.endsWith("/releases/0") || path.endsWith("/release.json"),
      names: async () => ["0", id],
      readLink: async () => "releases/0",
    }) as Partial<FactReader> as FactReader;
  t.match(
    (await inspectReleases(reader(undefined), model)).find(({ service }) => service === "frontend"),
    { wanted: "0", whole: true, current: "releases/0", deployed: [`${folder}/releases/${id}`] },
  );
  const wanted = { schemaVersion: 1, services: { frontend: { release: id, since: "2026-11-29T23:15:01.000Z" } } };
  const facts = await inspectReleases(reader(JSON.stringify(wanted)), model);
  t.strictSame(
    planReleases(facts).map(({ args }) => args),
    [{ service: "frontend", folder, release: id, units: ["stock-analysis-frontend.service"] }],
  );
  await t.rejects(inspectReleases(reader("{"), model), { code: "releases-unreadable" });
  const escaping = { schemaVersion: 1, services: { frontend: { release: "../../etc", since: "" } } };
  await t.rejects(inspectReleases(reader(JSON.stringify(escaping)), model), { code: "releases-unreadable" });
});

t.test("a reset leaves what was deployed, unless it takes data", async (t) => {
  const wish = { data: false, force: false, baked: false };
  const kept = resetReleases([inForce], wish);
  t.match(kept.actions, [{ do: "removeFile", args: { path: `${folder}/current` } }]);
  t.match(kept.kept, [new RegExp(`releases/${id} stays`)]);
  t.match(resetReleases([inForce], { ...wish, data: true, baked: true }).actions, [
    { do: "removeTree", args: { path: `${folder}/releases/${id}` } },
  ]);
});
