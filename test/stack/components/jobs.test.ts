import { readFileSync } from "node:fs";
import t from "tap";
import { loadJobs } from "../../../components/agent.ts";
import { ownJobNames } from "../../../stack/components/agent/own-job-names.ts";
import { rootJobNames } from "../../../stack/components/agent/root-jobs.ts";
import { backupJobNames } from "../../../stack/components/backup/jobs.ts";
import { parseDefinition } from "../../../stack/definition/parse.ts";
import { renderFile } from "../../../stack/render/render-file.ts";
import { resolve } from "../../../stack/resolve.ts";
import { stackModel } from "../stack-model.ts";

const templates = (path: string) => readFileSync(path, "utf8");

function unitOf(job: string): string {
  const head =
    "name: orders\nversion: 1.0.0\nredis: {}\nservices: { api: { port: 8001 } }\nsecrets: { key: { for: [api] } }";
  const model = resolve(parseDefinition(`${head}\njobs: { tidy: ${job} }\n`, "stack.yaml"));
  const entry = model.files.find(({ path }) => path === "/etc/systemd/system/stack-job@tidy.service");
  if (entry === undefined) throw new Error("no unit");
  t.ok(model.units.some(({ unit, want }) => unit === "stack-job@tidy.path" && want === "enabled"));
  return renderFile(entry, model, { templates });
}

t.test("words come to the program as they are: no variable, no specifier, no quote of systemd's", async (t) => {
  const unit = unitOf(
    `{ schedule: "* * * * *", command: [/bin/echo, "a b", $HOME, "100%", 'say "hi"', 'c:\\d'], user: redis }`,
  );
  t.match(unit, '\nExecStart=/bin/echo "a b" "$$HOME" "100%%" "say \\"hi\\"" "c:\\\\d"\n');
});

t.test("a service's account brings its settings and credentials; another's and root's don't", async (t) => {
  const of = (user: string) => unitOf(`{ schedule: "* * * * *", command: [/bin/true], user: ${user}, timeout: 90 }`);
  const service = of("svc-api");
  for (const line of [
    "User=svc-api",
    "WorkingDirectory=/opt/orders/services/api/current",
    "EnvironmentFile=/etc/orders/api.env",
    "LoadCredential=redis_password:/var/lib/stack-agent/secrets/redis.auth",
    "LoadCredential=key:/var/lib/stack-agent/secrets/key",
    "TimeoutStartSec=90",
    "MemoryMax=512M",
    "ProtectSystem=strict",
    "CapabilityBoundingSet=",
  ])
    t.ok(service.split("\n").includes(line), line);
  t.notMatch(of("redis"), /LoadCredential|EnvironmentFile/);
  t.match(of("redis"), /^ProtectSystem=strict$/m);
  t.notMatch(of("root"), /LoadCredential|ProtectSystem=|CapabilityBoundingSet=/);
});

t.test("no declared job can be called like one that the stack has", async (t) => {
  const own = (await loadJobs(stackModel())).map(({ name }) => name);
  t.same([...ownJobNames].sort(), [...rootJobNames, ...own, ...backupJobNames].sort());
});
