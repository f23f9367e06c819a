/** Dashboards as they are written: what is on them follows from the definition, and Prometheus's own program reads their queries. */
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { parse } from "yaml";
import { grafanaFiles } from "../../../builder/monitoring/grafana/grafana-files.ts";
import { run } from "../../../lib/run.ts";
import type { Model } from "../../../stack/model.ts";
import { needs } from "../../container/needs.ts";
import { everything, smallest } from "./everything.ts";
import { type Dashboard, shownQueries } from "./shown-queries.ts";
import { declaredMetrics, toldMetrics } from "./told-metrics.ts";

const here = await mkdtemp(join(tmpdir(), "monitoring-"));
t.teardown(() => rm(here, { recursive: true, force: true }));

function dashboards(stack: Model): readonly Dashboard[] {
  const files = [...grafanaFiles(stack, "http://127.0.0.1:9090")];
  return files.filter(([path]) => path.endsWith(".json")).map(([, text]) => JSON.parse(text) as Dashboard);
}

const values = { "${host:regex}": "10\\.1\\.1\\.120", $service: ".*", $__rate_interval: "1m" };
const queries = dashboards(everything).flatMap((one) => shownQueries(one, values));

t.test("the command writes Grafana's provisioned layout, the same bytes each time", async (t) => {
  const write = (out: string) =>
    spawnSync(
      process.execPath,
      ["builder/cli.ts", "monitoring", "--out", join(here, out), "--prometheus", "http://p:1"],
      {
        encoding: "utf8",
      },
    );
  const { status, stdout, stderr } = write("one");
  t.equal(status, 0, stderr);
  const board = (id: string) => `grafana/dashboards/stock-analysis/${id}.json`;
  const files = [
    ...["machine", "overview", "postgres", "rabbitmq", "redis", "services"].map(board),
    "grafana/provisioning/dashboards/stock-analysis.yaml",
    "grafana/provisioning/datasources/stock-analysis.yaml",
    "zabbix/stock-analysis.yaml",
  ];
  t.strictSame(
    stdout.split("\n").filter(Boolean),
    files.map((file) => join(here, "one", file)),
  );
  t.equal(write("two").status, 0);
  for (const file of files) {
    t.equal(await readFile(join(here, "two", file), "utf8"), await readFile(join(here, "one", file), "utf8"), file);
  }
  const [, provider = "", source = ""] = await Promise.all(
    files.slice(-4).map((file) => readFile(join(here, "one", file), "utf8")),
  );
  t.match(parse(provider), { apiVersion: 1, providers: [{ type: "file", options: { path: /\/stock-analysis$/ } }] });
  t.match(parse(source), { apiVersion: 1, datasources: [{ type: "prometheus", url: "http://p:1" }] });
  t.equal((await readdir(here)).length, 2);
});

t.test("what a stack does not have is on no dashboard", async (t) => {
  const small = dashboards(smallest());
  t.strictSame(
    small.map(({ uid }) => uid),
    ["shop-overview", "shop-services", "shop-machine"],
  );
  const asked = JSON.stringify(small);
  for (const word of ["postgres", "redis", "rabbitmq", "backup", "ALERTS"]) t.notMatch(asked, word);
});

t.test("a dashboard's address is no longer than Grafana takes, and of no other's", async (t) => {
  const longest = { ...everything, name: "a".repeat(31) };
  const uids = dashboards(longest).map(({ uid }) => uid);
  t.equal(new Set(uids).size, uids.length);
  for (const uid of uids) t.match(uid, /^[0-9a-z-]{8,40}$/);
});

t.test("panels have numbers of their own, lie beside each other and none over another", async (t) => {
  for (const { title, panels } of dashboards(everything)) {
    t.equal(new Set(panels.map(({ id }) => id)).size, panels.length, `${title}: numbers`);
    const taken = new Set<string>();
    for (const { title: panel, gridPos } of panels) {
      t.ok(gridPos.x + gridPos.w <= 24, `${panel} ends within the page`);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          if (taken.has(`${x},${y}`)) t.fail(`${title}: ${panel} lies over another`);
          taken.add(`${x},${y}`);
        }
      }
    }
  }
});

/** What the reference service tells at its own port, and Prometheus of its rules. */
const others = ["http_requests_total", "http_request_duration_seconds_bucket", "ALERTS"];

t.test("no query asks for what nobody tells, and what checks tell is on a dashboard", async (t) => {
  const asked = new Set(queries.flatMap(({ expr }) => [...expr.matchAll(/(\w+)\{/g)].map(([, name = ""]) => name)));
  const agent = toldMetrics(everything);
  t.strictSame(
    [...asked].filter((name) => !agent.has(name) && !others.includes(name)),
    [],
  );
  const declared = declaredMetrics(everything);
  t.ok(declared.length > 50);
  t.strictSame(
    declared.filter(({ name }) => !asked.has(name)).map(({ name }) => name),
    [],
  );
});

t.test("nothing of Grafana's is left in a query but what Grafana fills in, and Prometheus reads each", async (t) => {
  t.ok(queries.length > 60);
  for (const { expr, panel } of queries) t.notMatch(expr, "$", panel);
  const found = await run("promtool", ["--version"]).catch(() => undefined);
  if (!needs(t, found === undefined ? "promtool is not installed (apt-get install prometheus)" : "")) return;
  const check = async (asked: readonly string[]) => {
    const rules = asked.map((expr, index) => ({ record: `asked:${index}`, expr }));
    const path = join(here, "rules.yml");
    await writeFile(path, JSON.stringify({ groups: [{ name: "dashboards", rules }] }));
    return run("promtool", ["check", "rules", "--lint=none", path], { accept: [0, 1] });
  };
  const { code, stderr } = await check(queries.map(({ expr }) => expr));
  t.equal(code, 0, stderr);
  t.equal((await check(["rate(up[1m)"])).code, 1, "it would say so");
});
