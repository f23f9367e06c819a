import { readFile, writeFile } from "node:fs/promises";
import t from "tap";
import { printDrift } from "../../../agent/drift/print-drift.ts";
import { driftPath, mendDrift, readDrift, writeDrift } from "../../../agent/drift/read-drift.ts";
import type { DriftDocument } from "../../../stack/documents/drift.ts";

const difference = (stage: string, what: string) => ({
  stage,
  do: "writeFile",
  what,
  why: "content differs",
  mend: `stack-agent provision --only ${stage}`,
});
const found: DriftDocument = {
  schemaVersion: 1,
  checkedAt: "2026-01-01T00:00:00.000Z",
  differences: [difference("redis", "/etc/r.conf"), difference("postgres", "/etc/p.conf")],
  unseen: ["redis: slots", "postgres: roles"],
};
const now = new Date("2026-01-01T00:10:00Z");

t.test("what is found is read again; what is no such document counts as none", async (t) => {
  const folder = t.testdir();
  t.equal(await readDrift(folder), undefined);
  await writeDrift(folder, found);
  t.same(await readDrift(folder), found);
  for (const text of ["", "{}", '{"schemaVersion":2,"differences":[]}', '{"schemaVersion":1']) {
    await writeFile(driftPath(folder), text);
    t.equal(await readDrift(folder), undefined, text);
  }
});

t.test("provisioning takes out what it has mended, and knows that nothing differs when all is done", async (t) => {
  const folder = t.testdir();
  await mendDrift(folder, ["redis"], false, now);
  t.equal(await readDrift(folder), undefined, "of one stage alone nothing is known of the others");
  await writeDrift(folder, found);
  await mendDrift(folder, ["redis"], false, now);
  const checkedAt = now.toISOString();
  t.same(await readDrift(folder), {
    schemaVersion: 1,
    checkedAt,
    differences: [difference("postgres", "/etc/p.conf")],
    unseen: ["postgres: roles"],
  });
  await mendDrift(folder, ["redis", "postgres"], true, now);
  t.same(JSON.parse(await readFile(driftPath(folder), "utf8")), {
    schemaVersion: 1,
    checkedAt,
    differences: [],
    unseen: [],
  });
  await writeDrift(folder, { ...found, error: { code: "x", message: "x", detail: [] } });
  await mendDrift(folder, ["redis"], false, now);
  t.equal(await readDrift(folder), undefined, "a look that failed is forgotten");
});

t.test("a person is told what differs, stage by stage, and the command that mends it", async (t) => {
  t.equal(printDrift({ ...found, differences: [], unseen: [] }), "Nothing differs from the definition.\n");
  t.equal(
    printDrift(found),
    `2 differences from the definition.

redis
  /etc/r.conf: content differs
postgres
  /etc/p.conf: content differs

Could not be looked at:
  redis: slots
  postgres: roles

shows them:  stack-agent provision --diff
mends them:  stack-agent provision
`,
  );
  t.match(
    printDrift({ ...found, differences: [difference("redis", "/etc/r.conf")], unseen: [] }),
    /^1 difference from[\s\S]*mends them: {2}stack-agent provision --only redis$/m,
  );
});

const failing = [
  { stage: "postgres", unit: "postgresql@15-main.service", says: "could not open file", help: "restore a backup" },
];

t.test("a server that starts again and again is no machine that differs in nothing", async (t) => {
  const said = `Starts again and again:
  postgresql@15-main.service: could not open file
    what helps: restore a backup
`;
  t.equal(printDrift({ ...found, differences: [], unseen: [], failing }), said);
  t.match(printDrift({ ...found, failing }), new RegExp(`^2 differences[\\s\\S]*${said}`));
});

t.test("a server that provisioning has brought up is no longer told as failing", async (t) => {
  const folder = t.testdir();
  await writeDrift(folder, { ...found, failing });
  await mendDrift(folder, ["redis"], false, now);
  t.match(await readDrift(folder), { failing });
  await mendDrift(folder, ["postgres"], false, now);
  t.equal((await readDrift(folder))?.failing, undefined);
});
