import { EventEmitter } from "node:events";
import { realpathSync } from "node:fs";
import { loadAddon } from "./load-addon.ts";

/** Sends one datagram to a unix socket's path; rejects with the system's error (ENOENT, ECONNREFUSED, EMSGSIZE …). */
export type SendDatagram = (path: string, content: Buffer) => Promise<void>;

interface DatagramWrap {
  init(self: DatagramWrap): void;
  sendTo(
    buffer: Buffer,
    offset: number,
    length: number,
    path: string,
    done: (error: Error | null | undefined) => void,
  ): void;
}

/**
 * A sender of unix datagrams (node has none of its own), or undefined where the addon is
 * missing. It never receives and is never closed: node-unix-socket 0.2.7 crashes on
 * closing a socket that was not told to receive, and one that was keeps the process alive.
 * So make one a process, and let the process's end close it.
 *
 * @param program the running program's file, `process.argv[1]`
 */
export function datagramSender(program: string | undefined): SendDatagram | undefined {
  const addon = loadAddon(realpathSync(program ?? process.execPath), [
    "./unix-socket.node",
    "node-unix-socket/js/addon.js",
  ]);
  if (!hasWrap(addon)) return undefined;
  const events = new EventEmitter();
  // The addon calls `emit` without its object.
  events.emit = events.emit.bind(events);
  const wrap = new addon.DgramSocketWrap(events);
  wrap.init(wrap);
  return (path, content) =>
    new Promise((resolve, reject) => {
      wrap.sendTo(content, 0, content.length, path, (error) => (error ? reject(error) : resolve()));
    });
}

function hasWrap(addon: unknown): addon is { DgramSocketWrap: new (events: EventEmitter) => DatagramWrap } {
  return typeof addon === "object" && addon !== null && "DgramSocketWrap" in addon;
}
