import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t, { type Test } from "tap";
import { type NodeBy, nodeBy } from "./node-by.ts";

t.setTimeout(300_000);
const root = process.getuid?.() === 0;
const needsRoot = { skip: root ? false : "pct is root's alone: sudo npm test" };

const change = {
  ...{ schemaVersion: 1, service: "event-bus", release: "20261129-231501-3f2a9c", changed: true, previous: "0" },
  ...{ removed: [], seconds: 3.2 },
};
const refusal = {
  ...{ code: "release-not-healthy", message: "event-bus is not healthy with release 1: it ended; 0 is in force again" },
  ...{ hint: "correct it", detail: ["Traceback", "ImportError: no x"] },
};

/** `pct` on paper, and an agent in its container that tells what it was given: this very machine is the container. */
async function container(by: NodeBy, { running = true, answer = change as object, code = 0 } = {}) {
  const bin = join(by.folder, "door", "bin");
  const told = join(by.folder, "told");
  const program = async (name: string, text: string): Promise<void> => {
    await writeFile(join(bin, name), `#!/bin/sh\n${text}\n`);
    await chmod(join(bin, name), 0o755);
  };
  await program(
    "pct",
    `[ "$2" = 120 ] || { echo "Configuration file 'nodes/pve1/lxc/$2.conf' does not exist" >&2; exit 2; }
case $1 in
status) echo "status: ${running ? "running" : "stopped"}" ;;
push) [ "$(stat -c %a "$3")" = 600 ] && echo "push $4 $5 $6" | sed 's/-[0-9a-f]*[.]/-X./' >'${told}' ;;
exec) [ "$3" = -- ] && shift 3 && exec "$@" ;;
esac`,
  );
  await program(
    "stack-agent",
    `echo "$*" | sed 's,/var/tmp/deploy-service[.][^/]*,TMP,g' >>'${told}'
(cd "$4/../.." && find . -type f -printf '%P %m\\n' | sort) >>'${told}'
echo starting >&2
echo '${JSON.stringify(answer)}'
exit ${code}`,
  );
  return { told: async () => (await readFile(told, "utf8")).trim().split("\n") };
}

async function serviceFolder(t: Test): Promise<string> {
  const folder = t.testdir({
    "event-bus": { "bus.py": "", "requirements.lock": "", tests: { "test_bus.py": "" }, ".git": { HEAD: "" }, bus: {} },
    wheels: { "idna-3.10-py3-none-any.whl": "" },
  });
  await mkdir(join(folder, "event-bus/data"));
  await writeFile(join(folder, "event-bus/data/a b.json"), "{}");
  await writeFile(join(folder, "event-bus/run"), "", { mode: 0o755 });
  await symlink("../bus.py", join(folder, "event-bus/data/link"));
  return folder;
}

for (const way of ["ssh", "local"] as const) {
  t.test(
    `${way}: a service's folder and its wheels go into the container, and nothing stays on the way`,
    needsRoot,
    async (t) => {
      const by = await nodeBy(t, way);
      const { told } = await container(by);
      const folder = await serviceFolder(t);
      const words = ["service", "event-bus", join(folder, "event-bus"), "--vmid", "120", "--timeout", "90"];
      const { stdout, stderr, code } = await by.cli([...words, "--wheels", join(folder, "wheels")]);
      t.equal(code, 0, stderr);
      t.equal(stdout, "event-bus has release 20261129-231501-3f2a9c, in the place of 0, after 3.2 s\n");
      t.strictSame(await told(), [
        "push /var/tmp/deploy-service-X.tar.gz --perms 600",
        "service deploy event-bus TMP/from/event-bus --timeout 90 --json --wheels TMP/wheels",
        ...["bus.py 644", "data/a b.json 644", "data/link 644", "requirements.lock 644", "run 755"].map(
          (file) => `from/event-bus/${file}`,
        ),
        "wheels/idna-3.10-py3-none-any.whl 644",
      ]);
      const json = await by.cli([...words, "--json"]);
      t.strictSame(JSON.parse(json.stdout), change);
      t.notMatch((await told()).join("\n"), /wheels/, "none where none are given");
      await by.cli([...words, "--port", "8006"]);
      t.match((await told())[1], / --timeout 90 --json --port 8006$/, "a service that is new");
    },
  );

  t.test(`${way}: what the agent says is said here; a container that isn't running is told`, needsRoot, async (t) => {
    const by = await nodeBy(t, way);
    const folder = join(await serviceFolder(t), "event-bus");
    await container(by, { answer: refusal, code: 1 });
    const taken = await by.cli(["service", "event-bus", folder, "--vmid", "120"]);
    t.equal(taken.code, 1);
    t.match(
      taken.stderr,
      /is in force again \[release-not-healthy\]\n {2}Traceback\n {2}ImportError: no x\nhint: {2}correct it/,
    );
    await container(by, { running: false });
    const stopped = await by.cli(["service", "event-bus", folder, "--vmid", "120"]);
    t.match(stopped, { code: 1, stderr: /container 120 on .* is not running \[not-running\].*pct start 120/s });
    const absent = await by.cli(["service", "event-bus", folder, "--vmid", "999"]);
    t.match(absent, { code: 1, stderr: /\[not-running\]\n.*does not exist/s });
  });
}

t.test("over the REST API nothing runs in a container: refused at once, with the ways that can", async (t) => {
  const by = await nodeBy(t, "api");
  const folder = join(await serviceFolder(t), "event-bus");
  const { code, stderr } = await by.cli(["service", "event-bus", folder, "--vmid", "120"]);
  t.equal(code, 64);
  t.match(stderr, /\[no-command-by-api\]\nhint: .*--to root@pve1 --vmid 120.*--host root@CONTAINER/);
});

t.test("a folder that isn't there, and flags that mean nothing together, are refused with 64", needsRoot, async (t) => {
  const by = await nodeBy(t, "local");
  await container(by);
  const folder = join(await serviceFolder(t), "event-bus");
  const refused = async (words: readonly string[]): Promise<string> => {
    const { code, stderr } = await by.cli(["service", ...words]);
    t.equal(code, 64, words.join(" "));
    return stderr;
  };
  t.match(await refused(["event-bus", "/nowhere", "--vmid", "120"]), /\[no-source\]/);
  t.match(await refused(["event-bus", folder, "--vmid", "120", "--wheels", "/nowhere"]), /\[no-wheels\]/);
  t.match(await refused(["event-bus", folder]), /which container/);
  t.match(await refused(["event-bus", folder, "--vmid", "x"]), /\[bad-vmid\]/);
  t.match(await refused(["event-bus", folder, "--vmid", "120", "--host", "root@x"]), /--vmid means nothing to --host/);
  await refused(["event-bus"]);
});
