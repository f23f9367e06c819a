import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ClusterContext } from "../../../agent/cluster/cluster-context.ts";
import { secretStore } from "../../../engine/secrets/secret-store.ts";
import { writeFileAtomic } from "../../../lib/files.ts";
import { run } from "../../../lib/run.ts";
import { parseDefinition } from "../../../stack/definition/parse.ts";
import type { Model } from "../../../stack/model.ts";
import { resolve } from "../../../stack/resolve.ts";
import { ownIds } from "../../engine/own-ids.ts";

const definition = `name: shop
version: 1.0.0
container: {network: {address: 127.0.9.1/24, gateway: 127.0.9.254}}
cluster: {joinPort: PORT, nodes: {a: 127.0.9.1, b: 127.0.9.2, c: 127.0.9.3}}
services: {web: {port: 8001}}
`;

const shared = ["postgres.app", "redis.auth"].map((name) => {
  return { name, reader: "root", purpose: "", shared: true } as const;
});

/** A stack whose members have two secrets. */
export function clusterModelOf(port: number, stack = "shop"): Model {
  const text = definition.replace("PORT", `${port}`).replace("shop", stack);
  return { ...resolve(parseDefinition(text, "stack.yaml")), secrets: shared };
}

/** A machine of it, all in a folder. */
export async function machine(
  folder: string,
  index: 0 | 1 | 2,
  { port = 8090, stack = "shop", now = () => new Date(), signal = new AbortController().signal } = {},
): Promise<ClusterContext> {
  const model = clusterModelOf(port, stack);
  const { cluster } = model;
  const place = cluster?.nodes[index];
  if (cluster === undefined || place === undefined) throw new TypeError("no cluster");
  const own = join(folder, place.name);
  await mkdir(own, { recursive: true });
  const at = (name: string): string => join(own, name);
  return {
    ...{ model, cluster, place, run, now, signal },
    files: {
      ...{ folder: own, stateFolder: at("state"), authorityKey: at("state/ca.key") },
      ...{ ca: at("ca.crt"), certificate: at("node.crt"), key: at("node.key") },
    },
    secrets: secretStore({ stateDirectory: own, secrets: model.secrets, owner: async () => ownIds() }),
    writeKey: (path, text) => writeFileAtomic(path, text, { mode: 0o640 }),
  };
}
