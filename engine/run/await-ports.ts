import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "../../lib/wait.ts";
import { loopback } from "../../stack/loopback.ts";

/** Milliseconds: a unit may also have failed, or listen elsewhere. */
const AT_MOST = 500;
const INTERVAL = 20;
/** Milliseconds from RabbitMQ's port to its word to systemd that it is ready. */
const MOMENT = 50;

/**
 * Waits until something listens on every one of the loopback ports, half a second at most, and a
 * moment for its unit to become active. To look at a server that is only starting takes processor
 * time from its very start, and sees nothing. A connection takes a tenth of a millisecond; to read
 * /proc/net/tcp instead, which connects to nothing, takes seven on a machine with a large table of
 * connections (Linux 6.18, 24 GiB).
 *
 * @param ports tried in this order, each once the one before is open
 * @returns whether there was anything to wait for
 */
export async function awaitPorts(ports: readonly number[], signal: AbortSignal): Promise<boolean> {
  const closed = [...ports];
  let looks = 0;
  const areOpen = async (ended: AbortSignal): Promise<boolean> => {
    looks += 1;
    for (let port = closed[0]; port !== undefined && (await isOpen(port, ended)); port = closed[0]) closed.shift();
    return closed.length === 0;
  };
  const wait = { what: `ports ${ports.join(", ")}`, timeout: AT_MOST, interval: INTERVAL, signal };
  await waitFor(areOpen, wait).catch(() => {});
  if (looks > 1 && closed.length === 0) await sleep(MOMENT, undefined, { signal }).catch(() => {});
  return closed.length > 0 || looks > 1;
}

/** Hangs up at once. */
function isOpen(port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: loopback, signal });
    const end = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", end(true)).once("error", end(false));
  });
}
