import { readTextIfAny } from "../../lib/files.ts";
import { waitFor } from "../../lib/wait.ts";

/** Milliseconds: a unit may also have failed, or listen elsewhere. */
const AT_MOST = 500;
const INTERVAL = 20;

/** Listening sockets of this network namespace; proc_net(5). */
const tables = ["/proc/net/tcp", "/proc/net/tcp6"];
const LISTEN = "0A";

/**
 * Waits until something listens on every one of the ports, half a second at most. To look at
 * a server that is only starting takes processor time from its very start, and sees nothing;
 * this reads two small files, and knocks at no door.
 *
 * @returns whether there was anything to wait for
 */
export async function awaitPorts(ports: readonly number[], signal: AbortSignal): Promise<boolean> {
  if (await areOpen(ports)) return false;
  const wait = { what: `ports ${ports.join(", ")}`, timeout: AT_MOST, interval: INTERVAL, signal };
  await waitFor(() => areOpen(ports), wait).catch(() => {});
  return true;
}

async function areOpen(ports: readonly number[]): Promise<boolean> {
  if (ports.length === 0) return true;
  const texts = await Promise.all(tables.map(readTextIfAny));
  const open = new Set(texts.flatMap((text) => listening(text ?? "")));
  return ports.every((port) => open.has(port));
}

function listening(table: string): number[] {
  return table.split("\n").flatMap((line) => {
    const [, local, , state] = line.trim().split(/\s+/);
    return state === LISTEN ? [Number.parseInt(local?.split(":").at(-1) ?? "", 16)] : [];
  });
}
