import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "../../lib/files.ts";
import type { Model } from "../../stack/model.ts";
import { grafanaFiles } from "./grafana/grafana-files.ts";
import { zabbixTemplate } from "./zabbix/zabbix-template.ts";

export interface MonitoringOptions {
  readonly model: Model;
  /** Folder that is made where it isn't there; files in it that are not of this stack stay. */
  readonly out: string;
  /** Address of the stack's Prometheus, as Grafana reaches it. */
  readonly prometheus: string;
}

export interface MonitoringResult {
  readonly folder: string;
  /** Relative to the folder, sorted. */
  readonly files: readonly string[];
}

/** Writes what others' monitoring takes of a stack. */
export async function writeMonitoring({ model, out, prometheus }: MonitoringOptions): Promise<MonitoringResult> {
  const files = new Map([
    ...[...grafanaFiles(model, prometheus)].map(([path, text]): [string, string] => [join("grafana", path), text]),
    [`zabbix/${model.name}.yaml`, zabbixTemplate(model)],
  ]);
  for (const [path, text] of files) {
    await mkdir(dirname(join(out, path)), { recursive: true });
    await writeFileAtomic(join(out, path), text);
  }
  return { folder: out, files: [...files.keys()].sort() };
}
