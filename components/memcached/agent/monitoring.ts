import type { Check } from "../../../engine/check.ts";
import type { StackWith } from "../../../engine/stack-with.ts";
import { memcachedCheck } from "./check.ts";

export function checks({ memcached }: StackWith<"memcached">): readonly Check[] {
  return [memcachedCheck(memcached)];
}
