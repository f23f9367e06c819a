/** build-template smoke: the template under test, booted by the builder's own hand. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { isOrphan } from "../../lib/lxc/run-name.ts";
import { run } from "../../lib/run.ts";
import { waitFor } from "../../lib/wait.ts";
import { smokeDocument } from "../../stack/documents/smoke.ts";
import { canRunContainers, needs } from "./needs.ts";
import { templateToTest } from "./template.ts";

t.setTimeout(20 * 60_000);

const builder = join(import.meta.dirname, "../../bin/build-template");
const template = await templateToTest();

if ((await canRunContainers(t)) && needs(t, template === undefined ? "no template: set STACK_TEMPLATE" : "")) {
  const temporary = mkdtempSync("/var/tmp/stack-smoke-");
  await run("chmod", ["755", temporary]);
  t.teardown(() => rmSync(temporary, { recursive: true, force: true }));
  const env = { ...process.env, TMPDIR: temporary };

  /** What a container or a network leaves; those of tests that run beside this one have their owner. */
  const all = async (): Promise<string[]> => {
    const { stdout } = await run("ip", ["netns", "list"]);
    const networks = stdout.split("\n").map((line) => line.replace(/ .*/, ""));
    return [...readdirSync(temporary), ...networks.filter(isOrphan)];
  };
  const before = await all();
  const remains = async (): Promise<string[]> => (await all()).filter((name) => !before.includes(name));

  t.test("it comes up healthy, its times are told, and nothing of it stays", async (t) => {
    const { stdout } = await run(builder, ["smoke", template ?? "", "--json"], {
      ...{ env, timeout: 600_000, accept: [0, 2] },
    });
    const { systemd, stages, components, health, healthy } = smokeDocument.parse(JSON.parse(stdout));
    t.ok(systemd > 0 && systemd < healthy, `systemd at ${systemd} s`);
    t.ok(stages.length > 3 && stages.every(({ done }) => done > 0 && done <= healthy), JSON.stringify(stages));
    t.strictSame(
      components.filter(({ status }) => status === "fail"),
      [],
    );
    t.strictSame(
      health.map(({ port }) => port),
      [8000, 8001, 8002, 8003, 8004, 8005],
    );
    t.strictSame(await remains(), []);
  });

  t.test(
    "one that is not healthy in time ends with 1: its status, failed units and last errors are told",
    async (t) => {
      const { stderr } = await run(builder, ["smoke", template ?? "", "--timeout", "1"], {
        ...{ env, timeout: 600_000, accept: [1] },
      });
      t.match(stderr, /error: .*did not become healthy \[smoke-failed\]\ncause: ./);
      // How far it has come in its second is a matter of the machine.
      t.match(stderr, /^ {2}status:\n {4}\S/m);
      t.match(stderr, /^ {2}failed units:\n {4}/m);
      t.match(stderr, /^ {2}last errors:\n {4}/m);
      t.strictSame(await remains(), []);
    },
  );

  t.test("Ctrl-C in the middle of its boot ends with 130, and nothing of it stays", async (t) => {
    const child = spawn(builder, ["smoke", template ?? ""], { env });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    const booting = async (): Promise<boolean> => {
      if (child.exitCode !== null) throw new Error(said);
      const [place = "none"] = readdirSync(join(temporary, "build-template-smoke")).filter((name) =>
        existsSync(join(temporary, "build-template-smoke", name, "lxc.log")),
      );
      return said.includes("booting it") && place !== "none";
    };
    await waitFor(booting, { what: "the boot", timeout: 300_000 });
    child.kill("SIGINT");
    t.equal(await ended, 130, said);
    t.match(said, /nothing is left behind/);
    t.strictSame(await remains(), []);
  });
}
