import { waitFor } from "../wait.ts";
import type { Effects } from "./effects.ts";

export interface AddressOptions {
  /** The host's pid of the container's init. */
  readonly pid: number;
  /** Which of its addresses. Default `ipv4`; `link`: IPv6's link-local one, which every interface has. */
  readonly kind?: keyof typeof kinds;
  /** Milliseconds to wait for it. Default 30 000. */
  readonly timeout?: number;
}

/** What ip-address(8) is asked for. */
const kinds = {
  ipv4: ["-4"],
  ipv6: ["-6", "scope", "global"],
  link: ["-6", "scope", "link"],
} as const;

/** An address of a running container's eth0, once it has one that can be used. */
export async function containerAddress(options: AddressOptions & Pick<Effects, "run" | "signal">): Promise<string> {
  const { pid, run, signal, kind = "ipv4" } = options;
  const [family, ...scope] = kinds[kind];
  return waitFor(
    async () => {
      const args = [`--net=/proc/${pid}/ns/net`, "ip", "-o", family, "addr", "show", "dev", "eth0", ...scope];
      const { stdout } = await run("nsenter", args);
      // IPv6's can't be used until nobody has claimed it.
      const line = stdout.split("\n").find((one) => !/ tentative /.test(one)) ?? "";
      return /\binet6? ([0-9a-f.:]+)\//.exec(line)?.[1];
    },
    { what: "an address on the container's eth0", timeout: options.timeout ?? 30_000, signal },
  );
}
