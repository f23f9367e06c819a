import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { projectFolder } from "../../../lib/project-folder.ts";
import { claims } from "../../../stack/definition/claims.ts";
import { readDefinition } from "../../../stack/definition/parse.ts";
import { resolve } from "../../../stack/resolve.ts";
import type { Target } from "../target.ts";

/** stack.yaml, and what follows of one that is right. */
export const stackYaml: Target = {
  name: "stack-yaml",
  seeds: async () => {
    const examples = join(projectFolder, "docs/examples");
    const names = (await readdir(examples, { recursive: true })).filter((name) => name.endsWith("stack.yaml"));
    const files = ["stack/stock-analysis.yaml", ...names.map((name) => `docs/examples/${name}`)];
    return [
      ...(await Promise.all(files.map((file) => readFile(join(projectFolder, file))))),
      Buffer.from(
        "name: a\nversion: 1.0.0\nx-own: &own { port: 8001 }\nservices:\n  one: { <<: *own, needs: [redis] }\nredis: {}\n",
      ),
      Buffer.from(`name: b
version: 0.1.0
postgres: { external: { addresses: [db1:5432, "[fd00::1]:5433"], ca: /etc/ca.pem } }
rabbitmq: { queues: { a: { type: stream } } }
metrics: {}
backup: { path: /mnt/backup }
secrets: { key: { for: [s], restart: false } }
jobs: { j: { schedule: "*/5 0-7 * * 1", command: [/bin/true, -x], user: svc-s } }
services: { s: { port: 8009, command: [/usr/bin/env, node], socket: false } }
`),
    ];
  },
  read: (input) => {
    const { definition } = readDefinition(input.toString("utf8"), "stack.yaml");
    resolve(definition);
    claims(definition);
  },
};
