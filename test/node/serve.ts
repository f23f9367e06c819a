import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { stderrLog } from "../../lib/log.ts";
import type { Network } from "../../lib/lxc/network.ts";
import { run } from "../../lib/run.ts";
import { openApiDoor } from "./api-door.ts";
import { ApiFault } from "./api-fault.ts";
import { lxcGuests } from "./lxc-guests.ts";
import { nodeIdentity } from "./node-identity.ts";
import { openShellDoor } from "./shell-door.ts";
import { openSshServer } from "./ssh-server.ts";
import { standIn } from "./stand-in.ts";

/** What a stand-in says first: how to reach it, over each way. */
export interface Served {
  readonly to: string;
  readonly token: string;
  readonly caFile: string;
  /** Of its sshd, on port 22. */
  readonly ssh: { readonly identity: string; readonly hostKey: string };
  /** Folder of its own commands. */
  readonly bin: string;
}

/**
 * A stand-in with real containers, in the network they are in: started there by nsenter, with
 * both of its doors. Its first line says how to reach it. On standard input `requests` asks what
 * was carried out since, `stop VMID` cuts a container's power, `forget` takes the templates out
 * of its storage, `version 8.4.1` makes it answer as that does, `refuse POST /x` refuses the next such request over a shell,
 * `container VMID` asks where one lies, `over FOLDER` lays those that are made later over that; each is answered with a line. It ends, and all of its containers with it, when
 * its standard input does.
 */
const [folder = "", containers = "", networkText = "{}"] = process.argv.slice(2);
const network = JSON.parse(networkText) as Network;
const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => stop.abort(name));
const guests = lxcGuests({ folder: containers, network, run, log: stderrLog, signal: stop.signal });
const node = standIn({ folder: join(folder, "node"), guests, version: "9.2.11" });
const identity = await nodeIdentity(join(folder, "tls"));
const door = await openApiDoor(node, identity, { host: network.gateway, port: 8006 });
const shell = await openShellDoor(node, join(folder, "door"));
const environment = { PATH: `${shell.bin}:/usr/sbin:/usr/bin:/sbin:/bin` };
const ssh = await openSshServer({ folder: join(folder, "sshd"), environment, host: network.gateway, port: 22 });
const say = (document: unknown): void => void process.stdout.write(`${JSON.stringify(document)}\n`);
const served: Served = {
  to: network.gateway,
  token: node.access.addToken("root@pam!deploy"),
  caFile: identity.caFile,
  ssh: { identity: ssh.identity, hostKey: await readFile(ssh.hostKeys[0], "utf8") },
  bin: shell.bin,
};
say(served);
for await (const line of createInterface({ input: process.stdin })) {
  const [, command, what = ""] = /^(\S+) ?(.*)$/.exec(line) ?? [];
  if (command === "requests") say(node.state.carriedOut.splice(0));
  if (command === "stop") say(await cutPower(Number(what)));
  if (command === "forget") say(await node.forgetTemplates("local"));
  if (command === "container") say(guests.container(Number(what)) ?? null);
  if (command === "refuse") {
    shell.faults.before = { request: new RegExp(what), act: () => Promise.reject(new ApiFault(500, "refused")) };
    say(what);
  }
  if (command === "version") {
    node.state.version = what;
    say(what);
  }
  if (command === "over") {
    guests.layOver(what);
    say(what);
  }
}
await ssh.close();
await shell.close();
await door.close();
await node.tasks.settled();
await guests.clear();

async function cutPower(vmid: number): Promise<string> {
  await guests.stop(vmid);
  const guest = node.state.guests.get(vmid);
  if (guest !== undefined) guest.status = "stopped";
  return "stopped";
}
