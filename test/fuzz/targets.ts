import type { Target } from "./target.ts";
import { compressed, pax, serviceArchive, tar } from "./targets/archives.ts";
import { nodeAnswers } from "./targets/node-answers.ts";
import { request } from "./targets/request.ts";
import { setting } from "./targets/setting.ts";
import { stackYaml } from "./targets/stack-yaml.ts";
import { texts, wal } from "./targets/texts.ts";

/** Everything here that reads what somebody else has written. */
export const targets: readonly Target[] = [
  ...[stackYaml, setting, tar, pax, compressed, serviceArchive, nodeAnswers, request, wal],
  ...texts,
];
