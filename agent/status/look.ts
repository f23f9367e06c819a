import { readProgress } from "../../engine/run/read-progress.ts";
import { readWantedReleases, type WantedRelease } from "../../engine/state/wanted-releases.ts";
import { isStackError, type StackError } from "../../lib/error.ts";
import type { ProgressDocument } from "../../stack/documents/progress.ts";
import type { StatusDocument } from "../../stack/documents/status.ts";
import { type AgentAddress, askAgent } from "../cli/ask-agent.ts";
import { overall } from "../health/status-report.ts";
import { readConfinement } from "./read-confinement.ts";
import { readStackRelease } from "./read-stack-release.ts";

/** One look at the stack from outside the agent. */
export interface Look {
  readonly status: StatusDocument;
  readonly progress: ProgressDocument | undefined;
  /** Why the agent told nothing. */
  readonly trouble: StackError | undefined;
}

/**
 * How the stack stands now: provisioning by its own document, which says more than the
 * agent may tell without a token; components and jobs by the agent.
 *
 * @param booting asked where neither says anything: in a boot's first moments neither can yet
 */
export async function look(
  address: AgentAddress,
  { run: runFolder, state }: { readonly run: string; readonly state: string },
  date: Date,
  booting: () => Promise<boolean>,
  timeout?: number,
): Promise<Look> {
  const [progress, sandbox, release, wanted, asked] = await Promise.all([
    readProgress(runFolder).catch(() => undefined),
    readConfinement(runFolder),
    readStackRelease(state),
    readWantedReleases(state).catch(() => new Map<string, WantedRelease>()),
    askAgent(address, "/status", timeout).catch((error: unknown) => {
      if (isStackError(error)) return error;
      throw error;
    }),
  ]);
  const trouble = isStackError(asked) ? asked : undefined;
  const told = isStackError(asked) ? undefined : asked.document;
  const base = isStatus(told) ? told : unheard;
  const status: StatusDocument = {
    ...base,
    ...(progress === undefined
      ? {}
      : {
          stages: progress.stages,
          memory: progress.memory,
          deviations: progress.deviations,
          setAside: progress.setAside,
        }),
    ...(sandbox.kind === "unknown" ? {} : { sandbox }),
    ...(release === undefined ? {} : { release }),
    ...(wanted.size === 0
      ? {}
      : { releases: [...wanted].map(([service, { release, since }]) => ({ service, release, since })) }),
  };
  const early = trouble !== undefined && progress === undefined && (await booting());
  return { status: { ...status, status: word(status, progress, date, isStatus(told), early) }, progress, trouble };
}

/** What is known of a stack whose agent says nothing. */
const unheard: StatusDocument = {
  schemaVersion: 1,
  status: "failed",
  stack: { name: "", version: "" },
  stages: [],
  components: [],
  jobs: [],
  memory: { totalMiB: 0, cuts: [], shares: [] },
  deviations: [],
};

/** With no word from the agent the stack is at work while provisioning runs or will, and failed otherwise. */
function word(
  status: StatusDocument,
  progress: ProgressDocument | undefined,
  date: Date,
  heard: boolean,
  early: boolean,
): StatusDocument["status"] {
  if (!heard) return early || progress?.state === "running" ? "working" : "failed";
  return overall(progress, status.components, date);
}

function isStatus(document: unknown): document is StatusDocument {
  return (
    typeof document === "object" &&
    document !== null &&
    "components" in document &&
    Array.isArray(document.components) &&
    "jobs" in document &&
    Array.isArray(document.jobs)
  );
}
