import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Test } from "tap";
import { grafanaFiles } from "../../../builder/monitoring/grafana/grafana-files.ts";
import { run } from "../../../lib/run.ts";
import { waitFor } from "../../../lib/wait.ts";
import type { Model } from "../../../stack/model.ts";
import { type Dashboard, type ShownQuery, shownQueries } from "../../builder/monitoring/shown-queries.ts";
import type { Client } from "../client.ts";
import type { Machine } from "../create-machine.ts";
import { postgresLogin } from "../logins.ts";
import { needs } from "../needs.ts";
import { shellBlocks } from "../pct-create.ts";

/** A Prometheus that has asked a container for a while. */
export interface Watcher {
  readonly client: Client;
  readonly url: string;
  /** Seconds since the epoch. */
  readonly since: number;
}

/**
 * Debian's Prometheus as the container's neighbour, with what docs/monitoring.md says it is to ask.
 *
 * @returns undefined where there is none, and the reason is told
 */
export async function watchFromOutside(t: Test, machine: Machine): Promise<Watcher | undefined> {
  const found = await run("prometheus", ["--version"]).catch(() => undefined);
  if (!needs(t, found === undefined ? "prometheus is not installed (apt-get install prometheus)" : ""))
    return undefined;
  const folder = await mkdtemp("/var/tmp/stack-prometheus-");
  const [written = ""] = shellBlocks(await readFile("docs/monitoring.md", "utf8"), "yaml prometheus");
  const config = written.replaceAll("10.1.1.120", await machine.address()).replace("15s", "5s");
  await writeFile(join(folder, "prometheus.yml"), config);
  const listens = "127.0.0.1:9090";
  const flags = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`];
  const args = [...flags, `--web.listen-address=${listens}`, "--log.level=warn"];
  const child = spawn("nsenter", [`--net=${machine.network.namespace}`, "prometheus", ...args], { stdio: "ignore" });
  t.teardown(async () => {
    child.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });
  const watcher = { client: machine.peer, url: `http://${listens}`, since: Date.now() / 1000 };
  const ready = async () => (await machine.peer.http({ url: `${watcher.url}/-/ready` })).status === 200;
  await waitFor(() => ready().catch(() => false), { what: "Prometheus to be ready", timeout: 60_000, interval: 500 });
  return watcher;
}

interface DashboardOptions {
  readonly machine: Machine;
  readonly watcher: () => Watcher | undefined;
  /** Metrics that this container can't tell, and why. */
  readonly without?: Readonly<Record<string, string>>;
}

/** Each query of each panel, put to a Prometheus that has watched the loaded stack, has an answer. */
export function dashboardRows(t: Test, stack: Model, { machine, watcher, without = {} }: DashboardOptions): void {
  t.test("no panel of a dashboard is without data: Prometheus answers each of their queries", async (t) => {
    const watched = watcher();
    if (watched === undefined) return;
    for (const [metric, why] of Object.entries(without)) t.comment(`not asked: ${metric}, ${why}`);
    await readProjection(machine);
    const all = await queriesOf(stack, watched);
    const asked = all.filter(({ expr }) => !Object.keys(without).some((metric) => expr.includes(metric)));
    t.ok(asked.length > 40, `${asked.length} queries of ${all.length}`);
    let empty: readonly ShownQuery[] = asked;
    const answered = async (): Promise<boolean> => {
      const still: ShownQuery[] = [];
      for (const query of empty) if (!(await hasData(query, watched))) still.push(query);
      empty = still;
      return empty.length === 0;
    };
    await waitFor(answered, { what: "all panels to have data", timeout: 180_000, interval: 2_000 }).catch(() => {});
    t.strictSame(
      empty.map(({ dashboard, panel, expr }) => `${dashboard}, ${panel}: ${expr}`),
      [],
    );
    const nothing = { dashboard: "", panel: "", expr: "stack_that_nobody_tells", instant: false };
    t.notOk(await hasData(nothing, watched), "and has none for what nobody tells");
  });
}

/** What reads events says how far it has come; nothing of the stack's own does. */
async function readProjection(machine: Machine): Promise<void> {
  const text = "SELECT event_store.advance_projection($1, 0, event_store.head())";
  await machine.inside().pg({ ...(await postgresLogin(machine)), text, values: [`dashboards-${randomUUID()}`] });
}

/** With variables' values as Grafana would find them. */
async function queriesOf(stack: Model, watched: Watcher): Promise<readonly ShownQuery[]> {
  const queries: ShownQuery[] = [];
  for (const [path, text] of grafanaFiles(stack, watched.url)) {
    if (!path.endsWith(".json")) continue;
    const dashboard = JSON.parse(text) as Dashboard;
    const values: Record<string, string> = { $__rate_interval: "1m" };
    for (const { name, type, query, regex, allValue } of dashboard.templating.list) {
      if (type !== "query" || typeof query === "string") continue;
      const [, selector = "", label = ""] = /^label_values\((.*), (\w+)\)$/.exec(filled(query.query, values)) ?? [];
      const found = await ask<readonly string[]>(watched, `label/${label}/values`, { "match[]": selector });
      const [, value = found[0]] =
        regex === undefined ? [] : (new RegExp(regex.slice(1, -1)).exec(found[0] ?? "") ?? []);
      if (value === undefined) throw new Error(`${dashboard.title}: there is no ${name} by ${selector}`);
      values[`\${${name}:regex}`] = value.replaceAll(/[.[\]]/g, "\\$&");
      values[`$${name}`] = allValue ?? value;
    }
    queries.push(...shownQueries(dashboard, values));
  }
  return queries;
}

function filled(text: string, values: Readonly<Record<string, string>>): string {
  return Object.entries(values).reduce((all, [variable, value]) => all.replaceAll(variable, value), text);
}

interface Answer {
  readonly result: readonly {
    readonly value?: readonly [number, string];
    readonly values?: readonly (readonly [number, string])[];
  }[];
}

/** Whether there is a number in it: what is divided by nothing is none. */
async function hasData({ expr, instant }: ShownQuery, watched: Watcher): Promise<boolean> {
  const now = Date.now() / 1000;
  const { result } = instant
    ? await ask<Answer>(watched, "query", { query: expr, time: `${now}` })
    : await ask<Answer>(watched, "query_range", { query: expr, start: `${watched.since}`, end: `${now}`, step: "5" });
  const points = result.flatMap(({ value, values = [] }) => (value === undefined ? values : [value]));
  return points.some(([, value]) => Number.isFinite(Number(value)));
}

async function ask<T>(
  { client, url }: Watcher,
  what: string,
  parameters: Readonly<Record<string, string>>,
): Promise<T> {
  const { status, body } = await client.http({ url: `${url}/api/v1/${what}?${new URLSearchParams(parameters)}` });
  if (status !== 200) throw new Error(`Prometheus answers ${status}: ${body}`);
  return (JSON.parse(body) as { readonly data: T }).data;
}
