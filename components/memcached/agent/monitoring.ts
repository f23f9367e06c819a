import type { Check } from "../../../engine/check.ts";
import type { Model } from "../../../stack/model.ts";
import { memcachedCheck } from "./check.ts";

export function checks(model: Model): readonly Check[] {
  return model.memcached === undefined ? [] : [memcachedCheck(model.memcached)];
}
