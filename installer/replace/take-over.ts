import { isStackError, StackError } from "../../lib/error.ts";
import { waitFor } from "../../lib/wait.ts";
import type { Guest, Node } from "../node/node.ts";
import { waitTask } from "../node/wait-task.ts";
import { occupantOf } from "../preflight/facts.ts";
import { identityTags } from "../wanted/identity-tags.ts";
import type { Wanted } from "../wanted/wanted.ts";
import { placeTags } from "./cut-off.ts";
import type { Config, Reached, ReplaceOptions } from "./options.ts";
import { waitHealthy } from "./pass-on.ts";

/** Milliseconds for the new one to get the old one's address, once it is healthy. */
const ADDRESS = 60_000;
/** Seconds for a container to shut down. */
const SHUTDOWN = 120;

/** From here on the new one has all there is. */
export async function takeOver(config: Config, options: ReplaceOptions, reached: Reached): Promise<void> {
  const { node, shell, from, wanted, progress } = options;
  const { vmid } = wanted;
  const addresses = await addressesOf(node, from);
  // It would ask its DHCP server for the address that it had until now.
  await shell.exec(["pct", "exec", `${vmid}`, "--", "sh", "-c", "rm -f /var/lib/dhcp/*.leases"]);
  reached.isSwitched = true;
  await progress.step("switch", `container ${vmid} takes the address of container ${from} over`, async () => {
    await Promise.all([from, vmid].map((each) => shutDown(each, options)));
    await startNew(config, options);
  });
  await proveNew(addresses, options);
}

/**
 * Both are shut down: from here on it is the new one that has all there is, which its tag says, and whoever finds both
 * stopped. Neither starts with its node before the new one has been started by this.
 */
export async function startNew(config: Config, options: ReplaceOptions): Promise<void> {
  const { node, from, wanted } = options;
  const { vmid } = wanted;
  const { status } = await guestOf(node, vmid);
  if (status !== "running") {
    await node.configure(vmid, { ...networkOf(config), tags: tagsOf(wanted, placeTags(from).hasAll) });
    await node.configure(from, { onboot: false });
    await begun(await node.start(vmid), `starting container ${vmid}`, options);
  }
}

export async function guestOf(node: Node, vmid: number): Promise<Pick<Guest, "status">> {
  const guest = await occupantOf(node, vmid);
  return guest === undefined || guest === "unseen" ? { status: undefined } : guest;
}

/** @param addresses that it must have got */
export async function proveNew(
  addresses: readonly string[],
  { node, shell, wanted, progress, signal, patience }: ReplaceOptions,
): Promise<void> {
  const { vmid, settings } = wanted;
  await progress.step("healthy", "waiting until all of the stack works", async () => {
    await waitHealthy(shell, vmid, { timeout: patience.healthy, signal });
    await waitAddresses(node, vmid, addresses, signal);
    await node.configure(vmid, { onboot: settings.onboot, tags: tagsOf(wanted) });
  });
}

/** Its own tags, and where it stands in a replacement. */
export function tagsOf({ template, settings }: Wanted, ...more: readonly string[]): string {
  return [...new Set([...identityTags(template), ...settings.tags, ...more])].join(";");
}

async function addressesOf(node: Node, vmid: number): Promise<readonly string[]> {
  const { addresses } = await node.addresses(vmid);
  const four = addresses.filter((address) => !address.includes(":"));
  // Of IPv6 a node may have several, and not all of them for long.
  return four.length > 0 ? four : addresses.slice(0, 1);
}

/** @throws StackError `address-not-taken` */
async function waitAddresses(node: Node, vmid: number, wanted: readonly string[], signal: AbortSignal): Promise<void> {
  let found: readonly string[] = [];
  const isThere = async (): Promise<boolean> => {
    found = (await node.addresses(vmid)).addresses;
    return wanted.every((address) => found.includes(address));
  };
  await waitFor(isThere, { what: "the address", timeout: ADDRESS, interval: 500, signal }).catch((error: unknown) => {
    if (!isStackError(error) || error.code !== "timeout") throw error;
    throw new StackError("address-not-taken", `container ${vmid} has not got the address ${wanted.join(", ")}`, {
      detail: [`it has ${found.join(", ") || "none"}`],
      hint: "reserve it for the old one's MAC address at the DHCP server, or give it a fixed one; then replace again",
    });
  });
}

/** All by which it is known on its network, the MAC address included: a lease goes by it. */
function networkOf(config: Config): Record<string, string> {
  const names = Object.keys(config).filter((key) => /^(net\d+|nameserver|searchdomain)$/.test(key));
  return Object.fromEntries(names.map((key) => [key, String(config[key])]));
}

async function shutDown(vmid: number, options: Pick<ReplaceOptions, "node" | "progress" | "signal" | "patience">) {
  await begun(await options.node.shutdown(vmid, SHUTDOWN), `shutting down container ${vmid}`, options);
}

export function begun(
  task: string,
  what: string,
  { node, progress, signal, patience }: Pick<ReplaceOptions, "node" | "progress" | "signal" | "patience">,
): Promise<void> {
  const onLine = (line: string): void => progress.log("debug", line);
  return waitTask(node, task, { what, timeout: patience.task, absence: patience.absence, signal, onLine });
}
