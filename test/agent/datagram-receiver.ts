import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DgramSocket } from "node-unix-socket";
import type { Test } from "tap";
import { waitFor } from "../../lib/wait.ts";

/**
 * A real unix datagram socket, as systemd and journald have, that keeps what it is sent.
 * Its folder has a short path: a socket's may have 107 bytes.
 */
export function datagramReceiver(t: Test) {
  const path = join(shortFolder(t), "socket");
  const socket = new DgramSocket();
  t.teardown(() => socket.close());
  const received: Buffer[] = [];
  socket.on("data", (content: Buffer) => received.push(Buffer.from(content)));
  socket.bind(path);
  const texts = (): string[] => received.map((content) => content.toString());
  return {
    path,
    texts,
    until: (found: (texts: readonly string[]) => boolean) =>
      waitFor(async () => found(texts()), { what: "a datagram", timeout: 10_000, interval: 10 }),
  };
}

/** A folder of the test's own, gone after it. */
export function shortFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), "t-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}
