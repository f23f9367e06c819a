import { access } from "node:fs/promises";
import type { FindingsOptions } from "../../../../engine/agent-part.ts";
import type { Found } from "../../../../engine/finding.ts";
import { commandLine } from "../../../../lib/run.ts";
import type { SafeFix } from "../../../../stack/documents/doctor.ts";
import type { UpdatesDocument } from "../../../../stack/documents/updates.ts";
import { isOfTemplate } from "../updates/is-of-template.ts";
import { noteUpdates } from "../updates/look-for-updates.ts";
import { type RestartStep, restartSteps } from "../updates/restart-steps.ts";
import { some } from "../updates/updates-check.ts";

/** Looked for once for both findings; health has what was found, too. */
export function lookOnce({ model, run, signal }: FindingsOptions): () => Promise<UpdatesDocument> {
  let looking: Promise<UpdatesDocument> | undefined;
  return () => {
    looking ??= noteUpdates({ runFolder: model.paths.run, run, signal });
    return looking;
  };
}

/** What of Debian is newer than what is installed. */
export function pendingUpdatesFinding(
  { listsAt, pending, error }: UpdatesDocument,
  { model }: Pick<FindingsOptions, "model">,
): Found {
  if (error !== undefined) return { status: "warn", message: `not known: ${error}`, hint: "apt-get check; apt update" };
  if (listsAt === undefined) {
    return { status: "pass", message: "not known: the archives were never asked (apt update asks them)" };
  }
  const since = `by what the archives said on ${listsAt}`;
  const security = pending.filter((one) => one.security).map((one) => one.package);
  const install = "apt update && apt -y full-upgrade, at a moment when some seconds without a database do no harm";
  const automatic = model.definition.updates.security || !isOfTemplate(model.paths.share);
  if (security.length === 0) {
    const others = pending.length === 0 ? "none" : `${pending.length}, none of them for security`;
    return { status: "pass", message: `${others}, ${since}`, ...(pending.length > 0 && { hint: install }) };
  }
  return {
    status: "warn",
    message: `security updates of ${some(security)}, ${since}`,
    hint: automatic ? install : `${install}; or updates.security: true in /etc/stack-agent/stack.yaml`,
  };
}

/** What runs files that an update has replaced. What nobody notices is safe; databases are for their operator. */
export async function restartFinding(
  document: UpdatesDocument,
  { model }: Pick<FindingsOptions, "model">,
): Promise<Found> {
  const steps = restartSteps(document, model);
  if (steps.length === 0) {
    // Debian's own mark, of packages that ask for a boot.
    const asked = await access("/run/reboot-required").then(
      () => true,
      () => false,
    );
    if (!asked) return { status: "pass", message: "nothing runs what an update has replaced" };
    return {
      status: "warn",
      message: "a package asks for a start anew (/run/reboot-required)",
      hint: "systemctl reboot",
    };
  }
  const quiet = steps.filter(({ felt }) => felt === "nobody");
  const loud = steps.filter(({ felt }) => felt !== "nobody").map(({ command }) => typed(command));
  const help = [...(quiet.length > 0 ? ["stack-agent doctor --fix"] : []), ...new Set(loud)];
  return {
    status: "warn",
    message: `${some(steps.map(({ unit }) => unit))} run what an update has replaced`,
    hint: help.join("; "),
    ...(quiet.length > 0 && { fixes: quietFixes(quiet) }),
  };
}

function quietFixes(steps: readonly RestartStep[]): SafeFix[] {
  const units = steps.filter(({ command }) => command[1] === "restart").map(({ unit }) => unit);
  const others = steps.filter(({ unit }) => !units.includes(unit)).map(({ command }) => [...command]);
  const effect = "nobody notices: ports are held by systemd, and sessions stay";
  return [
    ...others.map((command) => ({ command, effect: "systemd loads its new version; nothing stops" })),
    ...(units.length === 0 ? [] : [{ command: ["systemctl", "restart", ...units], effect }]),
  ];
}

function typed([program, ...args]: RestartStep["command"]): string {
  return commandLine(program, args);
}
