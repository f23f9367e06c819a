import { waitFor } from "../wait.ts";
import type { Effects } from "./effects.ts";

export interface AddressOptions {
  /** The host's pid of the container's init. */
  readonly pid: number;
  /** Milliseconds to wait for it. Default 30 000. */
  readonly timeout?: number;
}

/** The IPv4 address of a running container's eth0, once it has one. */
export async function containerAddress(options: AddressOptions & Pick<Effects, "run" | "signal">): Promise<string> {
  const { pid, run, signal } = options;
  return waitFor(
    async () => {
      const args = [`--net=/proc/${pid}/ns/net`, "ip", "-o", "-4", "addr", "show", "dev", "eth0"];
      const { stdout } = await run("nsenter", args);
      return /\binet ([0-9.]+)\//.exec(stdout)?.[1];
    },
    { what: "an address on the container's eth0", timeout: options.timeout ?? 30_000, signal },
  );
}
