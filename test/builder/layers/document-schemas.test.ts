import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import t from "tap";
import { documentSchemas } from "../../../builder/layers/overlay/document-schemas.ts";
import { overlayInputs } from "../../../builder/layers/overlay/overlay.ts";
import { readTemplateTrees } from "../../../builder/trees/template-trees.ts";
import { parseDefinition } from "../../../stack/definition/parse.ts";
import type { StatusDocument } from "../../../stack/documents/status.ts";
import { resolve } from "../../../stack/resolve.ts";

const project = join(import.meta.dirname, "../../..");
const schemas = documentSchemas();

function validator(name: string) {
  return new Ajv2020({ strict: true }).compile(JSON.parse(schemas.get(name) ?? ""));
}

const status: StatusDocument = {
  schemaVersion: 1,
  status: "degraded",
  stack: { name: "orders", version: "1.0.0" },
  stages: [{ id: "system", title: "System", status: "done", seconds: 0.3, actions: 2 }],
  components: [{ name: "disk", status: "warn", code: "nearly-full", latencyMs: 1, ageMs: 3, ports: [] }],
  jobs: [{ name: "refresh-view", schedule: "* * * * *" }],
  memory: { totalMiB: 512, cuts: [], shares: [] },
  deviations: [],
};

t.test("the template brings a JSON Schema of each document that the agent gives", async (t) => {
  t.same(
    [...schemas.keys()].sort(),
    [
      ...["analysis", "backup-change", "backup-check", "backups", "cluster", "doctor", "drift", "handover", "health"],
      ...[
        "jobs",
        "new-service",
        "plan",
        "progress",
        "release-change",
        "releases",
        "reset",
        "restore",
        "secrets",
        "services",
        "stack-releases",
      ],
      ...["status", "support-bundle", "timeline", "updates", "upgrade"],
    ].map((name) => `${name}.schema.json`),
  );
  for (const name of schemas.keys()) t.type(validator(name), "function", name);
  const model = resolve(
    parseDefinition("name: orders\nversion: 1.0.0\nservices: { api: { port: 8001 } }\n", "stack.yaml"),
  );
  const ids = Object.fromEntries(model.files.flatMap(({ owner }) => owner.split(":")).map((name) => [name, 0]));
  const { entries } = await overlayInputs({
    model,
    tree: await readTemplateTrees({ project, folder: t.testdir() }),
    own: [],
    base: { packages: [], users: ids, groups: ids, units: model.units.map(({ unit }) => unit) },
    ...{ definition: "", sources: new Map(), manifest: "{}" },
  });
  for (const [name, text] of schemas) {
    const entry = entries.find(({ path }) => path === `/opt/stack-agent/releases/0/share/schemas/${name}`);
    t.match(entry, { mode: 0o644, content: { kind: "text", text } }, name);
  }
});

t.test("the status schema takes a status and one with fields of a later agent, and nothing else", async (t) => {
  const valid = validator("status.schema.json");
  t.ok(valid(status));
  t.ok(valid({ ...status, later: true }));
  t.notOk(valid({ ...status, status: "great" }));
  t.notOk(valid({ ...status, schemaVersion: 2 }));
  const { jobs, ...without } = status;
  t.ok(jobs);
  t.notOk(valid(without));
});
