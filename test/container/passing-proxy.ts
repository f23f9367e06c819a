import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

/** What is done to an answer: a status in its place, or its end after so many bytes. */
export type Fault = { readonly status: number } | { readonly cut: number };

/** A proxy on loopback that passes on what is asked of it, and spoils some of it. */
export interface PassingProxy {
  readonly address: string;
  /** For so many requests whose URL matches. */
  spoil(url: RegExp, fault: Fault, times?: number): void;
  /** URLs asked for since the last call. */
  asked(): string[];
  close(): Promise<void>;
}

export async function passingProxy(): Promise<PassingProxy> {
  const faults: { readonly url: RegExp; readonly fault: Fault; left: number }[] = [];
  let asked: string[] = [];
  const server = createServer((from, to) => {
    const url = decodeURIComponent(from.url ?? "");
    asked.push(url);
    const found = faults.find((one) => one.left > 0 && one.url.test(url));
    if (found !== undefined) found.left -= 1;
    const fault = found?.fault;
    if (fault !== undefined && "status" in fault) {
      to.writeHead(fault.status).end();
      return;
    }
    const passed = request(from.url ?? "", { method: from.method ?? "GET", headers: from.headers }, (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      let left = fault?.cut ?? Number.POSITIVE_INFINITY;
      answer.on("data", (chunk: Buffer) => {
        to.write(chunk.subarray(0, left));
        left -= chunk.length;
        if (left > 0) return;
        passed.destroy();
        to.destroy();
      });
      answer.on("end", () => to.end());
    });
    passed.on("error", () => to.destroy());
    passed.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spoil(url, fault, times = Number.POSITIVE_INFINITY) {
      faults.unshift({ url, fault, left: times });
    },
    asked() {
      const before = asked;
      asked = [];
      return before;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
