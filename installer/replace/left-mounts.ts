import type { Wanted } from "../wanted/wanted.ts";
import type { Config } from "./options.ts";

/** What is mounted in the old one by somebody's hand. */
export function leftMounts(config: Config, { volumes }: Wanted): readonly string[] {
  return Object.entries(config).flatMap(([key, value]) => {
    const path = /(?:^|,)mp=([^,]+)/.exec(String(value))?.[1];
    return /^mp\d+$/.test(key) && path !== undefined && !volumes.some((one) => one.path === path)
      ? [`${key} ${String(value)}`]
      : [];
  });
}
