import * as z from "zod/mini";
import { analysisDocument } from "../../../stack/documents/analysis.ts";
import {
  backupChangeDocument,
  backupCheckDocument,
  backupsDocument,
  restoreDocument,
} from "../../../stack/documents/backups.ts";
import { clusterDocument } from "../../../stack/documents/cluster.ts";
import { doctorDocument } from "../../../stack/documents/doctor.ts";
import { driftDocument } from "../../../stack/documents/drift.ts";
import { handoverLookDocument } from "../../../stack/documents/handover.ts";
import { healthDocument } from "../../../stack/documents/health.ts";
import { jobsDocument } from "../../../stack/documents/jobs.ts";
import { planDocument } from "../../../stack/documents/plan.ts";
import { progressDocument } from "../../../stack/documents/progress.ts";
import {
  newServiceDocument,
  releaseChangeDocument,
  releasesDocument,
  servicesDocument,
} from "../../../stack/documents/releases.ts";
import { resetDocument } from "../../../stack/documents/reset.ts";
import { secretsDocument } from "../../../stack/documents/secrets.ts";
import { stackReleasesDocument, upgradeDocument } from "../../../stack/documents/stack-release.ts";
import { statusDocument } from "../../../stack/documents/status.ts";
import { supportBundleDocument } from "../../../stack/documents/support-bundle.ts";
import { timelineDocument } from "../../../stack/documents/timeline.ts";
import { updatesDocument } from "../../../stack/documents/updates.ts";

const documents = {
  doctor: { title: "stack-agent doctor --json", of: doctorDocument },
  analysis: { title: "stack-agent analyze --json", of: analysisDocument },
  backups: { title: "stack-agent backup ls --json", of: backupsDocument },
  "backup-change": { title: "stack-agent backup now --json", of: backupChangeDocument },
  "backup-check": { title: "stack-agent backup check --json", of: backupCheckDocument },
  restore: { title: "stack-agent restore --json", of: restoreDocument },
  cluster: { title: "stack-agent cluster status --json", of: clusterDocument },
  drift: { title: "stack-agent drift --json, and /run/stack-agent/drift.json", of: driftDocument },
  health: { title: "stack-agent health --format json, and the bodies of /health, /readyz, /livez", of: healthDocument },
  jobs: { title: "stack-agent job ls --json, and job run --json", of: jobsDocument },
  plan: { title: "stack-agent provision --plan --json", of: planDocument },
  progress: { title: "/run/stack-agent/progress.json", of: progressDocument },
  services: { title: "stack-agent service ls --json", of: servicesDocument },
  "new-service": { title: "stack-agent service new --json", of: newServiceDocument },
  releases: { title: "stack-agent service releases --json", of: releasesDocument },
  "release-change": { title: "stack-agent service deploy --json, and rollback --json", of: releaseChangeDocument },
  "stack-releases": { title: "stack-agent release ls --json", of: stackReleasesDocument },
  handover: { title: "stack-agent handover look", of: handoverLookDocument },
  upgrade: { title: "stack-agent upgrade --json", of: upgradeDocument },
  reset: { title: "stack-agent reset --json", of: resetDocument },
  secrets: { title: "stack-agent secrets ls --json", of: secretsDocument },
  status: { title: "stack-agent status --format json", of: statusDocument },
  "support-bundle": { title: "stack-agent support-bundle --json, and contents.json in it", of: supportBundleDocument },
  timeline: { title: "/run/stack-agent/timeline.json", of: timelineDocument },
  updates: { title: "/run/stack-agent/updates.json", of: updatesDocument },
} as const;

/**
 * JSON Schemas (draft 2020-12) of what the agent prints and serves, by file name, as text.
 * Made at build: the agent's bundle needs nothing for it. They allow fields that they don't
 * know, so that a later agent's documents of the same schemaVersion pass too.
 */
export function documentSchemas(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(documents).map(([name, { title, of }]) => [
      `${name}.schema.json`,
      `${JSON.stringify({ title, ...z.toJSONSchema(of, { io: "input" }) }, undefined, 2)}\n`,
    ]),
  );
}
