/** Prometheus and Alertmanager in a container: what goes wrong is told to a webhook, and that it is over. */
import { mkdtemp, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { run } from "../../lib/run.ts";
import { waitFor } from "../../lib/wait.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";
import type { Model } from "../../stack/model.ts";
import { resolve } from "../../stack/resolve.ts";
import { createMachine, setUpNetwork } from "./create-machine.ts";
import { debian } from "./debian.ts";
import { health } from "./health.ts";
import { secret } from "./logins.ts";
import { managementAs, managementDelete } from "./management.ts";
import { canRunContainers } from "./needs.ts";
import { required } from "./required.ts";
import { dashboardRows } from "./rows/dashboards.ts";
import { planIsEmpty } from "./rows/reboot.ts";
import { smallDisk } from "./small-disk.ts";

t.setTimeout(30 * 60_000);

/** Milliseconds that an alert may take to be told, and its end. */
const promised = 120_000;

/** Adds each POST as a line of a file. */
const hook = `
import http.server, json
class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with open("/root/told", "a") as told:
            told.write(json.dumps({"authorization": self.headers.get("authorization"), "alerts": body["alerts"]}) + "\\n")
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", 9199), Hook).serve_forever()
`;

const sections = `
metrics:
  queueLimit: 20
  receivers:
    on-call: { webhook: { url: "http://127.0.0.1:9199/", secret: hook_token } }
secrets:
  hook_token: { for: [alertmanager] }
backup:
  target: { directory: /var/backups }
  newestWithin: 0.002
`;

interface Told {
  readonly authorization: string | null;
  readonly alerts: readonly {
    readonly status: "firing" | "resolved";
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

const disk = (await canRunContainers(t)) ? await smallDisk(t, 49_152) : undefined;
if (disk !== undefined) {
  const home = await mkdtemp("/var/tmp/stack-alerts-");
  t.teardown(() => rm(home, { recursive: true, force: true }));
  const machine = await createMachine(await setUpNetwork(t), { template: await built(home), folder: disk.folder });

  const begun = Date.now() / 1000;

  const told = async (alert: string, status: "firing" | "resolved") => {
    const lines = (await machine.sh("cat /root/told")).split("\n").filter(Boolean);
    const all = lines.map((line) => JSON.parse(line) as Told);
    return all.find(({ alerts }) => alerts.some((one) => one.labels.alertname === alert && one.status === status));
  };
  /** @returns seconds until it was told */
  const isTold = async (alert: string, status: "firing" | "resolved"): Promise<number> => {
    const began = performance.now();
    await waitFor(async () => (await told(alert, status)) !== undefined, {
      what: `${alert} to be told as ${status}`,
      timeout: promised,
      interval: 1_000,
    });
    return Math.round((performance.now() - began) / 1000);
  };
  /** Has something go wrong, and right again; gives what it took, for people. */
  const proves = async (
    alert: string,
    fault: () => Promise<unknown>,
    mend: () => Promise<unknown>,
  ): Promise<string> => {
    await fault();
    const firing = await isTold(alert, "firing");
    await mend();
    return `${alert}: told after ${firing} s, over ${await isTold(alert, "resolved")} s after it was mended`;
  };

  await t.test("the stack boots with Prometheus and Alertmanager, and every target is up", async (t) => {
    await machine.start();
    await machine.exec("stack-agent", ["status", "--wait", "--timeout", "180"], { accept: [0, 2], timeout: 240_000 });
    await machine.exec("sh", ["-c", "cat > /root/hook.py; : > /root/told"], { input: hook });
    await machine.sh("systemd-run --quiet --unit=hook python3 /root/hook.py");
    await machine.exec("stack-agent", ["secrets", "set", "hook_token"], { input: "token-of-the-test" });
    const passes = async () => (await health(machine, 8000, "/health/metrics")).document.status === "pass";
    await waitFor(passes, { what: "both to be ready", timeout: 60_000 });
    const up = async () => {
      const url = "http://127.0.0.1:9090/api/v1/query?query=up";
      const { data } = JSON.parse((await machine.inside().http({ url })).body) as Answer;
      return data.result.map(({ metric, value }) => [metric.job, value[1]]);
    };
    const all = await waitFor(async () => (await up()).length === 8 && up(), {
      what: "all targets to be asked",
      timeout: 60_000,
      interval: 1_000,
    });
    t.strictSame(
      all.filter(([, value]) => value !== "1"),
      [],
    );
    await planIsEmpty(t, machine);
    for (const port of [9090, 9093]) {
      const host = await machine.address();
      t.equal(await machine.peer.tcp({ host, port }), "refused", `${port} is not open to others`);
    }
  });

  const node = required.redis.units[1];
  const queue = `queues/${encodeURIComponent(required.rabbitmq.vhost)}/stock-analysis-frontend/contents`;
  await t.test("each fault is told to the webhook, and that it is over, within two minutes", async (t) => {
    const { blocks, bsize } = await statfs(disk.folder);
    const isOld = async () => (await health(machine, 8000, "/health/backup")).document.status === "warn";
    const lines = await Promise.all([
      proves(
        "RedisNodeDown",
        () => machine.sh(`systemctl stop ${node}`),
        () => machine.sh(`systemctl start ${node}`),
      ),
      proves(
        "QueueLong",
        async () => {
          for (let count = 0; count < 30; count += 1) await publish("frontend.probe");
        },
        () => managementDelete(machine, queue),
      ),
      proves("DiskFull", () => disk.fill(Math.round(0.04 * blocks * bsize)), disk.empty),
      proves(
        "BackupSilent",
        () => waitFor(isOld, { what: "the newest backup to be too old", timeout: 400_000, interval: 1_000 }),
        () => machine.exec("stack-agent", ["backup", "now"], { timeout: 180_000 }),
      ),
    ]);
    for (const line of lines) t.pass(line);
  });

  await t.test("the newest backup is restored for trial, which a dashboard tells of", async () => {
    await machine.exec("stack-agent", ["job", "run", "backup-check"], { timeout: 300_000 });
  });
  dashboardRows(t, await modelOf(home), {
    machine,
    watcher: () => ({ client: machine.inside(), url: "http://127.0.0.1:9090", since: begun }),
    without: { stack_security_updates_pending: "no archive can be asked here" },
  });

  await t.test("the webhook was shown its token, and told the command that helps", async (t) => {
    const found = await told("RedisNodeDown", "firing");
    t.match(found, {
      authorization: "Bearer token-of-the-test",
      alerts: [
        { labels: { node: "6380", stack: "stock-analysis" }, annotations: { command: "stack-agent health redis" } },
      ],
    });
    for (const unit of ["prometheus", "prometheus-alertmanager", required.agent.unit]) {
      t.comment(`${unit}: ${await machine.sh(`grep VmRSS /proc/$(systemctl show -p MainPID --value ${unit})/status`)}`);
    }
  });

  async function publish(key: string): Promise<void> {
    const { vhost, exchange } = required.rabbitmq;
    const path = `exchanges/${encodeURIComponent(vhost)}/${exchange}/publish`;
    const body = JSON.stringify({ properties: {}, routing_key: key, payload: "{}", payload_encoding: "string" });
    const { status } = await managementAs(
      machine,
      path,
      "stack-admin",
      await secret(machine, "rabbitmq.admin"),
      "POST",
      body,
    );
    if (status !== 200) t.fail(`publishing answered ${status}`);
  }
}

interface Answer {
  readonly data: {
    readonly result: readonly {
      readonly metric: { readonly job: string };
      readonly value: readonly [number, string];
    }[];
  };
}

/** Of the definition that `built` wrote. */
async function modelOf(home: string): Promise<Model> {
  const file = join(home, "stack.yaml");
  return resolve(parseDefinition(await readFile(file, "utf8"), file));
}

/** @returns the template of the default stack with what is to be watched */
async function built(home: string): Promise<string> {
  await writeFile(join(home, "stack.yaml"), (await readFile("stack/stock-analysis.yaml", "utf8")) + sections);
  const args = [join(home, "stack.yaml"), "--out", join(home, "dist"), "--format", "zst", "--json"];
  const { stdout } = await run("bin/build-template", [...args, "--set", `debian=${debian.suite}`], {
    timeout: 1_200_000,
  });
  return (JSON.parse(stdout) as { readonly template: string }).template;
}
