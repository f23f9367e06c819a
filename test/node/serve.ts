import { join } from "node:path";
import { createInterface } from "node:readline";
import { stderrLog } from "../../lib/log.ts";
import type { Network } from "../../lib/lxc/network.ts";
import { run } from "../../lib/run.ts";
import { openApiDoor } from "./api-door.ts";
import { nodeIdentity } from "./authority.ts";
import { lxcGuests } from "./lxc-guests.ts";
import { standIn } from "./stand-in.ts";

/**
 * A stand-in with real containers, in the network they are in: started there by nsenter. Its
 * first line says how to reach it. On standard input `requests` asks what was carried out since,
 * `stop VMID` cuts a container's power; each is answered with a line. It ends, and all of its
 * containers with it, when its standard input does.
 */
const [folder = "", containers = "", networkText = "{}"] = process.argv.slice(2);
const network = JSON.parse(networkText) as Network;
const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => stop.abort(name));
const guests = lxcGuests({ folder: containers, network, run, log: stderrLog, signal: stop.signal });
const node = standIn({ folder: join(folder, "node"), guests });
const identity = await nodeIdentity(join(folder, "tls"));
const door = await openApiDoor(node, identity, { host: network.gateway, port: 8006 });
const say = (document: unknown): void => void process.stdout.write(`${JSON.stringify(document)}\n`);
say({ to: network.gateway, token: node.access.addToken("root@pam!deploy"), caFile: identity.caFile });
for await (const line of createInterface({ input: process.stdin })) {
  const [command, vmid] = line.split(" ");
  if (command === "requests") say(node.state.carriedOut.splice(0));
  if (command === "stop") say(await cutPower(Number(vmid)));
}
await door.close();
await node.tasks.settled();
await guests.clear();

async function cutPower(vmid: number): Promise<string> {
  await guests.stop(vmid);
  const guest = node.state.guests.get(vmid);
  if (guest !== undefined) guest.status = "stopped";
  return "stopped";
}
