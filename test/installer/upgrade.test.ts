import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { run } from "../../lib/run.ts";
import { type NodeBy, nodeBy } from "./node-by.ts";
import { program } from "./paper-node.ts";

t.setTimeout(300_000);
const root = process.getuid?.() === 0;
const needsRoot = { skip: root ? false : "pct is root's alone: sudo npm test" };

const upgraded = {
  ...{ schemaVersion: 1, release: "1.1.0-3f2a91bc", previous: "0", changed: true, planned: false },
  ...{ definition: "of the release", services: ["event-bus"], kept: [], left: [], files: [], actions: [], unseen: [] },
  ...{ restarts: ["stack-agent.service"], noWayBack: [], removed: [], without: { "event-bus": 1.2 }, seconds: 9.1 },
};
const refusal = { code: "unknown-key", message: "it is signed by a key", hint: "--trust SHA256:x", detail: [] };

/** `pct` on paper, and an agent in its container that tells what it was given: this very machine is the container. */
async function container(by: NodeBy, answer: object, code = 0) {
  const bin = join(by.folder, "door", "bin");
  const told = join(by.folder, "told");
  const program = async (name: string, text: string): Promise<void> => {
    await writeFile(join(bin, name), `#!/bin/sh\n${text}\n`);
    await chmod(join(bin, name), 0o755);
  };
  await program(
    "pct",
    `case $1 in
status) echo "status: running" ;;
push) echo "push $4 $5 $6" | sed 's/-[0-9a-f]*[.]/-X./' >'${told}' ;;
exec) [ "$3" = -- ] && shift 3 && exec "$@" ;;
esac`,
  );
  await program(
    "stack-agent",
    `echo "$*" | sed 's/-[0-9a-f]*[.]/-X./' >>'${told}'
cat "$2" >>'${told}'
echo '${JSON.stringify(answer)}'
exit ${code}`,
  );
  return { told: async () => (await readFile(told, "utf8")).trim().split("\n") };
}

for (const way of ["ssh", "local"] as const) {
  t.test(`${way}: a release goes into the container, and what became of it is told`, needsRoot, async (t) => {
    const by = await nodeBy(t, way);
    const { told } = await container(by, upgraded);
    const file = join(t.testdir({ "a.stack-release": "a release" }), "a.stack-release");
    const { stdout, stderr, code } = await by.cli([
      "upgrade",
      file,
      "--vmid",
      "120",
      "--no-way-back",
      "--trust",
      "SHA256:x",
    ]);
    t.equal(code, 0, stderr);
    t.equal(stdout, "1.1.0-3f2a91bc is in force, in the place of 0, after 9.1 s\nwithout an answer: event-bus 1.2 s\n");
    t.strictSame(await told(), [
      "push /var/tmp/upgrade-X.stack-release --perms 600",
      "upgrade /var/tmp/upgrade-X.stack-release --timeout 120 --no-way-back --trust SHA256:x --json",
      "a release",
    ]);
    await container(by, { ...upgraded, planned: true });
    const planned = await by.cli(["upgrade", file, "--vmid", "120", "--plan"]);
    t.match(planned.stdout, /^0 -> 1\.1\.0-3f2a91bc\nservices with other code: event-bus\nrestarts: stack-agent/);
    await container(by, refusal, 1);
    const refused = await by.cli(["upgrade", file, "--vmid", "120"]);
    t.match(refused, { code: 1, stderr: /\[unknown-key\]\nhint: {2}--trust SHA256:x/ });
  });
}

t.test("--host: straight into the container, without a node", needsRoot, async (t) => {
  const by = await nodeBy(t, "ssh");
  const { told } = await container(by, upgraded);
  const file = join(t.testdir({ "a.stack-release": "a release" }), "a.stack-release");
  const [, to = ""] = by.flags;
  const upgrade = (...words: readonly string[]) =>
    run(process.execPath, ["--no-warnings", program, "upgrade", file, "--host", to, ...words], {
      ...{ env: by.environment, accept: [0, 1, 64], timeout: 120_000 },
    });
  const { code, stdout, stderr } = await upgrade("--timeout", "30");
  t.equal(code, 0, stderr);
  t.match(stdout, "1.1.0-3f2a91bc is in force, in the place of 0, after 9.1 s");
  t.strictSame(
    (await told()).map((line) => line.replace(/-[0-9a-f]{16}[.]/, "-X.")),
    ["upgrade /var/tmp/upgrade-X.stack-release --timeout 30 --json", "a release"],
  );
  await container(by, refusal, 1);
  t.match(await upgrade(), { code: 1, stderr: /\[unknown-key\]\nhint: {2}--trust SHA256:x/ });
  t.match(await upgrade("--vmid", "120"), { code: 64, stderr: /--vmid means nothing to --host/ });
});

t.test("a file that isn't there, and the REST API, are refused with 64", needsRoot, async (t) => {
  const by = await nodeBy(t, "local");
  await container(by, upgraded);
  t.match(await by.cli(["upgrade", "/nowhere", "--vmid", "120"]), { code: 64, stderr: /\[no-package\]/ });
  const api = await nodeBy(t, "api");
  t.match(await api.cli(["upgrade", "/nowhere", "--vmid", "120"]), { code: 64, stderr: /\[no-command-by-api\]/ });
});
