import type { OwnPart } from "../component.ts";
import { buildFile } from "../system/component.ts";
import { clusterFiles, joinUnit } from "./model.ts";

/** Three machines as one stack: what each of them is a member by. */
export const cluster: OwnPart = {
  name: "cluster",
  packages: () => ["openssl"],
  units: () => [{ unit: joinUnit, want: "disabled" }],
  files: () => [
    buildFile("/etc/systemd/system/stack-job@certificates.service", "units/certificates-job.service.ejs"),
    buildFile(`/etc/systemd/system/${joinUnit}`, "units/cluster-join.service.ejs"),
    // What is in it comes with `stack-agent cluster init` and `join`.
    { path: clusterFiles.folder, kind: "directory", mode: 0o755, owner: "root:root", when: "build" },
  ],
};
