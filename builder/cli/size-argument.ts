import { InvalidArgumentError } from "commander";
import { parseSize } from "../../stack/definition/size.ts";

/** An option's value like "4 GiB", in bytes. */
export function sizeArgument(text: string): number {
  const mib = parseSize(text);
  if (Number.isNaN(mib)) throw new InvalidArgumentError('must be a size with its unit, e.g. "4 GiB" or 512MiB.');
  return mib * 1024 ** 2;
}
