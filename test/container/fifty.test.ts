/** Fifty services in one definition: it builds, boots, answers and is read as five are. */
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { waitFor } from "../../lib/wait.ts";
import { statusDocument } from "../../stack/documents/status.ts";
import { buildOnce } from "../run/build-once.ts";
import { createMachine, setUpNetwork } from "./create-machine.ts";
import { health } from "./health.ts";
import { canRunContainers } from "./needs.ts";
import { failedUnits } from "./rows/machine.ts";
import { planIsEmpty } from "./rows/reboot.ts";

t.setTimeout(30 * 60_000);

const project = join(import.meta.dirname, "../..");
const port = 8000;
const names = Array.from({ length: 50 }, (_, index) => `service-${String(index + 1).padStart(2, "0")}`);

if (await canRunContainers(t))
  t.test("a stack of fifty services", async (t) => {
    const folder = await mkdtemp("/var/tmp/stack-fifty-");
    t.teardown(() => rm(folder, { recursive: true, force: true }));
    const definition = join(folder, "stack.yaml");
    const ours = await readFile(join(project, "stack/stock-analysis.yaml"), "utf8");
    const services = names.map((name, index) => `  ${name}:\n    port: ${8101 + index}\n    bindings: ["${name}.*"]\n`);
    await writeFile(definition, `${ours.slice(0, ours.indexOf("\nservices:\n"))}\nservices:\n${services.join("")}`);
    const build = ["env", `XDG_CONFIG_HOME=${folder}`, join(project, "bin/build-template"), definition];
    const { template } = await buildOnce(
      [...build, "--out", folder, "--format", "zst", "--set", "container.memory=12GiB"],
      process.stderr,
    );
    t.comment(`template: ${Math.round((await stat(template)).size / 1e6)} MB`);

    const setup = await setUpNetwork(t);
    const machine = await createMachine(setup, { template, memory: 12_288 });
    await machine.start();
    const began = performance.now();
    const settled = await machine.exec("stack-agent", ["status", "--wait", "--json"], {
      accept: [0, 2],
      timeout: 320_000,
    });
    t.comment(`first boot: healthy in ${((performance.now() - began) / 1000).toFixed(1)} s`);
    const status = statusDocument.parse(JSON.parse(settled.stdout));
    const failing = status.components.filter((component) => component.status === "fail").map(({ name }) => name);
    t.strictSame(failing, []);
    // One that starts beside forty-nine others may have waited long for an answer.
    const healthy = async () => (await machine.exec("stack-agent", ["status"], { accept: [0, 2] })).code === 0;
    await waitFor(healthy, { what: "nothing to warn", timeout: 120_000, interval: 1_000 });
    t.ok(
      names.every((name) => status.components.some((component) => component.name === name)),
      "status tells of each",
    );
    t.strictSame(await failedUnits(machine), []);
    await planIsEmpty(t, machine);

    const { document } = await health(machine, port);
    t.ok(names.every((name) => document.components.some((component) => component.name === name)));
    const at = `http://127.0.0.1:${port}`;
    const inside = machine.inside();
    const metrics = (await inside.http({ url: `${at}/metrics`, timeout: 10_000 })).body;
    const series = metrics.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
    for (const name of names) t.match(metrics, `{component="${name}"} 1\n`, name);
    t.ok(series < 2_500, `${series} series, ${Math.round(metrics.length / 1000)} kB`);
    const page = (await inside.http({ url: `${at}/`, timeout: 10_000 })).body;
    t.ok(names.every((name) => page.includes(name)));
    t.comment(`/metrics: ${series} series, ${metrics.length} bytes; the page: ${page.length} bytes`);

    const took =
      "for i in 1 2 3 4 5; do s=$(date +%s%N); CMD >/dev/null; echo $((($(date +%s%N) - s) / 1000000)); done";
    const median = async (command: string): Promise<number> =>
      (await machine.sh(took.replace("CMD", command)))
        .split("\n")
        .map(Number)
        .sort((a, b) => a - b)[2] ?? 0;
    t.comment(`status: ${await median("stack-agent status")} ms; /health: ${await median(`curl -s ${at}/health`)} ms`);
    const rss = await machine.sh("grep VmRSS /proc/$(systemctl show --value -p MainPID stack-agent)/status");
    const used = Number(await machine.sh("cat /sys/fs/cgroup/memory/memory.usage_in_bytes 2>/dev/null || echo 0"));
    t.comment(`the agent: ${rss}; the container: ${Math.round(used / 1024 ** 2)} MiB`);
  });
