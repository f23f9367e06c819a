import type { SendDatagram } from "./datagram-sender.ts";

/** What systemd is told; sd_notify(3). */
export interface Notifier {
  ready(status: string): Promise<void>;
  /** One line for `systemctl status`. Sent only when it differs from the last one. */
  status(text: string): Promise<void>;
  watchdog(): Promise<void>;
  stopping(): Promise<void>;
  /** Milliseconds after which systemd kills a silent process; undefined without a watchdog. */
  readonly watchdogMs: number | undefined;
}

export interface NotifierOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  /** Undefined where unix datagrams can't be sent: then nothing is. */
  readonly send: SendDatagram | undefined;
  readonly onError?: (error: unknown) => void;
}

/** Tells systemd how the process stands. Does nothing where no NOTIFY_SOCKET is named. */
export function notifier(options: NotifierOptions): Notifier {
  const { environment, send } = options;
  const socket = environment.NOTIFY_SOCKET;
  let lastStatus: string | undefined;
  const tell = async (lines: readonly string[]): Promise<void> => {
    if (socket === undefined || socket === "" || send === undefined) return;
    // "@" stands for the NUL in front of an abstract socket's name.
    const path = socket.startsWith("@") ? `\0${socket.slice(1)}` : socket;
    try {
      await send(path, Buffer.from(lines.join("\n")));
    } catch (error) {
      options.onError?.(error);
    }
  };
  return {
    ready: (status) => {
      lastStatus = oneLine(status);
      return tell(["READY=1", `STATUS=${lastStatus}`]);
    },
    status: async (text) => {
      const line = oneLine(text);
      if (line === lastStatus) return;
      lastStatus = line;
      await tell([`STATUS=${line}`]);
    },
    watchdog: () => tell(["WATCHDOG=1"]),
    stopping: () => tell(["STOPPING=1", "STATUS=stopping"]),
    watchdogMs: watchdogMs(environment, options.pid),
  };
}

function watchdogMs(environment: NotifierOptions["environment"], pid: number): number | undefined {
  const microseconds = Number(environment.WATCHDOG_USEC);
  if (!Number.isFinite(microseconds) || microseconds <= 0) return undefined;
  const meant = environment.WATCHDOG_PID;
  if (meant !== undefined && meant !== String(pid)) return undefined;
  return microseconds / 1000;
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n\0]+/g, " ").slice(0, 1024);
}
