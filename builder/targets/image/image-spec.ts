import type { Entry } from "../../archive/archive-of-entries.ts";

/** An image to be made, before there is a byte of it. */
export interface ImageSpec {
  /** The service's or server's, as in the image's own name. */
  readonly name: string;
  readonly title: string;
  /** Debian's packages beside those that no Debian is without; what they need comes along. */
  readonly packages: readonly string[];
  /** Folders of the template's python layer, a layer of the image each: what changes seldom first. */
  readonly folders: readonly { readonly layer: string; readonly path: string }[];
  /** The uppermost layer, beside the accounts. */
  readonly files: readonly Entry[];
  readonly config: ContainerConfig;
}

/**
 * How a container of the image is run: `config` of an OCI image's configuration
 * (https://github.com/opencontainers/image-spec/blob/main/config.md). `Healthcheck` is Docker's: OCI has none, and
 * tells readers to pass over what they don't know.
 */
export interface ContainerConfig {
  /** Numbers, so that who runs it sees that it isn't root. */
  readonly User: string;
  readonly ExposedPorts?: Readonly<Record<`${number}/tcp`, object>>;
  /** `NAME=VALUE`. */
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly WorkingDir: string;
  readonly StopSignal: string;
  readonly Healthcheck?: Healthcheck;
}

/** Nanoseconds, as Docker has them. */
export interface Healthcheck {
  readonly Test: readonly ["CMD", ...string[]];
  readonly Interval: number;
  readonly Timeout: number;
  readonly StartPeriod: number;
  readonly Retries: number;
}

/** Docker's form of a check. @param times in seconds */
export function healthcheck(
  test: readonly string[],
  times: { readonly interval: number; readonly timeout: number; readonly start: number; readonly retries: number },
): Healthcheck {
  const nanoseconds = (seconds: number): number => seconds * 1_000_000_000;
  return {
    Test: ["CMD", ...test],
    Interval: nanoseconds(times.interval),
    Timeout: nanoseconds(times.timeout),
    StartPeriod: nanoseconds(times.start),
    Retries: times.retries,
  };
}

export const searchPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
