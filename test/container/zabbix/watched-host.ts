import type { ZabbixServer } from "./zabbix-server.ts";

/** A container that Zabbix watches by a template. */
export interface WatchedHost {
  readonly hostid: string;
  /** Names of what is a problem now. */
  problems(): Promise<readonly Problem[]>;
  /** What its trigger says of it. */
  description(problem: Problem): Promise<string>;
  /** What Zabbix could not do of items and discoveries. */
  faults(): Promise<readonly object[]>;
  /** Last values of items by their keys; empty: there is none yet. */
  values(): Promise<Readonly<Record<string, string>>>;
}

export interface Problem {
  readonly name: string;
  readonly severity: string;
  readonly objectid: string;
}

/** All that a file may bring, as its `configuration.import` calls it. */
function importRules(version: string): object {
  const both = { createMissing: true, updateExisting: true };
  const groups = version.startsWith("6.0") ? { groups: both } : { template_groups: both };
  const parts = ["templates", "items", "discoveryRules", "triggers", "valueMaps"];
  return { ...groups, ...Object.fromEntries(parts.map((part) => [part, both])) };
}

/** Imports a template's file, and watches a host by it every second. */
export async function watchHost(
  { call, version }: ZabbixServer,
  { source, template, address }: { readonly source: string; readonly template: string; readonly address: string },
): Promise<WatchedHost> {
  await call("configuration.import", { format: "yaml", rules: importRules(version), source });
  const [found] = await call<{ templateid: string }[]>("template.get", { filter: { host: template } });
  const [group] = await call<{ groupid: string }[]>("hostgroup.get", { filter: { name: "Linux servers" } });
  const made = await call<{ hostids: [string] }>("host.create", {
    host: "stack",
    groups: [{ groupid: group?.groupid }],
    interfaces: [{ type: 1, main: 1, useip: 1, ip: address, dns: "", port: "10050" }],
    templates: [{ templateid: found?.templateid }],
    macros: [
      { macro: "{$STACK.INTERVAL}", value: "2s" },
      { macro: "{$STACK.NODATA}", value: "30s" },
    ],
  });
  const [hostid] = made.hostids;
  return {
    hostid,
    problems: () => call("problem.get", { hostids: [hostid], output: ["name", "severity", "objectid"] }),
    description: async ({ objectid }) => {
      const [trigger] = await call<{ comments: string }[]>("trigger.get", {
        triggerids: [objectid],
        output: ["comments"],
      });
      return trigger?.comments ?? "";
    },
    faults: async () => {
      const unsupported = { hostids: [hostid], filter: { state: 1 }, output: ["key_", "error"] };
      const found = ["item.get", "discoveryrule.get"].map((method) => call<object[]>(method, unsupported));
      return (await Promise.all(found)).flat();
    },
    values: async () => {
      const items = await call<{ key_: string; lastvalue: string; lastclock: string }[]>("item.get", {
        hostids: [hostid],
        output: ["key_", "lastvalue", "lastclock"],
      });
      return Object.fromEntries(
        items.map(({ key_, lastvalue, lastclock }) => [key_, lastclock === "0" ? "" : lastvalue]),
      );
    },
  };
}
