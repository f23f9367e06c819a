import type { CheckOpeners } from "../../../engine/declared-checks.ts";
import type { StackWith } from "../../../engine/stack-with.ts";
import type { ComponentCheck } from "../../../stack/components/index.ts";
import { memcachedCheck } from "./check.ts";

export function checks({ memcached }: StackWith<"memcached">): CheckOpeners<ComponentCheck<"memcached">> {
  return { "memcached:roundtrip": memcachedCheck(memcached) };
}
