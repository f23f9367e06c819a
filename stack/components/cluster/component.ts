import type { OwnPart } from "../component.ts";
import { clusterFiles } from "./model.ts";

/** Three machines as one stack: what each of them is a member by. */
export const cluster: OwnPart = {
  name: "cluster",
  packages: () => ["openssl"],
  units: () => [],
  files: () => [
    // What is in it comes with `stack-agent cluster init` and `join`.
    { path: clusterFiles.folder, kind: "directory", mode: 0o755, owner: "root:root", when: "build" },
  ],
};
