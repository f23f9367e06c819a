import type { Target } from "./target.ts";
import { compressed, pax, serviceArchive, tar } from "./targets/archives.ts";
import { setting, stackYaml } from "./targets/definition.ts";
import { nodeAnswers } from "./targets/node-answers.ts";
import { request } from "./targets/request.ts";
import { texts, wal } from "./targets/texts.ts";

/** Everything here that reads what somebody else has written. */
export const targets: readonly Target[] = [
  ...[stackYaml, setting, tar, pax, compressed, serviceArchive, nodeAnswers, request, wal],
  ...texts,
];
