import { Option } from "commander";
import { bytesText } from "../../lib/cli/text.ts";
import { defaultCacheLimit } from "../cache/prune-cache.ts";
import { sizeArgument } from "./size-argument.ts";

/** `--set PATH=VALUE`, as often as one likes. */
export function setOption(): Option {
  return new Option("--set <path=value>", "a setting in the place of the file's; may be repeated").argParser(
    (value: string, before: readonly string[] = []) => [...before, value],
  );
}

/** `--cache-limit SIZE`; bytes. */
export function cacheLimitOption(): Option {
  const help = `what the cache may hold afterwards (default: ${bytesText(defaultCacheLimit)})`;
  return new Option("--cache-limit <size>", help).env("BUILD_TEMPLATE_CACHE_LIMIT").argParser(sizeArgument);
}
