import { randomBytes } from "node:crypto";
import { bytesText } from "../../lib/cli/text.ts";
import { isStackError, StackError } from "../../lib/error.ts";
import type { Progress } from "../../lib/progress/progress.ts";
import { tail } from "../../lib/run.ts";
import { urlOf } from "../../lib/url-of.ts";
import type { DeploymentDocument } from "../../stack/documents/deployment.ts";
import { planDocument } from "../../stack/documents/plan.ts";
import { type StatusDocument, statusDocument } from "../../stack/documents/status.ts";
import type { Finding } from "../preflight/check.ts";
import { assertPossible } from "../preflight/preflight.ts";
import type { ExecResult } from "../ssh/exec-over.ts";
import type { Ssh } from "../ssh/ssh.ts";
import { agentsError, documentOf, jsonOf } from "./agents-error.ts";
import { type HostFacts, lookAtHost, sendingFolder } from "./host-facts.ts";
import { hostRefusals } from "./host-refusals.ts";
import type { HostPackage } from "./open-package.ts";

export interface HostOptions {
  readonly ssh: Ssh;
  /** The host's address, as it is reached from here. */
  readonly address: string;
  /** What one types to log in there. */
  readonly login: string;
  readonly pack: HostPackage;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Milliseconds, for each step and for the stack to be healthy. */
  readonly timeout: number;
  /** Told at every change what would be left if it ended now. */
  readonly onLeft?: (text: string) => void;
}

export type HostStep = "install" | "provision" | "wait";

export interface HostIntent {
  readonly facts: HostFacts;
  readonly refusals: readonly Finding[];
  readonly steps: readonly HostStep[];
  /** Actions of the agent's that are known beforehand: only an installed one can tell them. */
  readonly actions: number | undefined;
}

/** What would be done, and what speaks against it. Nothing is changed. */
export async function intendHost({ ssh, pack, timeout }: HostOptions): Promise<HostIntent> {
  const facts = await lookAtHost(ssh, pack);
  const refusals = hostRefusals(facts, pack);
  if (refusals.length > 0) return { facts, refusals, steps: [], actions: undefined };
  if (facts.installed?.same !== true)
    return { facts, refusals, steps: ["install", "provision", "wait"], actions: undefined };
  const looked = await ssh.exec(asRoot(facts, ["stack-agent", "provision", "--plan", "--json"]), { timeout });
  if (looked.code !== 0) throw agentsError(looked, "the agent can't tell what is to do");
  const { actions, unseen } = documentOf(planDocument, jsonOf(looked.stdout), "the agent's plan");
  const steps: readonly HostStep[] = actions.length + unseen.length === 0 ? ["wait"] : ["provision", "wait"];
  return { facts, refusals, steps, actions: actions.length };
}

const left: Readonly<Record<"nothing" | HostStep, string>> = {
  nothing: "left: nothing on the host was changed",
  install: "left: perhaps a part of the package, of which nothing runs; the same command carries on",
  provision: "left: the package is installed, with what of the stack was set up; the same command carries on",
  wait: "left: the stack is set up; the same command waits again",
};

/**
 * Installs a stack's package on a plain host and sets the stack up, or finds that it is. Done
 * twice, the second time changes nothing; done after a failure, it carries on.
 *
 * @throws StackError of what failed; the last line of `detail` says what is left
 */
export async function deployHost(options: HostOptions): Promise<DeploymentDocument> {
  const { ssh, progress, signal, timeout, onLeft } = options;
  let now = left.nothing;
  try {
    const { facts, refusals, steps } = await progress.step("look", `looking at ${ssh.where}`, () =>
      intendHost(options),
    );
    assertPossible({ refusals, warnings: [] }, facts.name);
    for (const step of steps) {
      if (step === "wait") continue;
      now = left[step];
      onLeft?.(now);
      await actions[step](options, facts);
    }
    now = left.wait;
    onLeft?.(now);
    const settled = async (): Promise<ExecResult> => {
      const seconds = String(Math.ceil(timeout / 1000));
      const wait = ["status", "--wait", "--timeout", seconds, "--format", "json"];
      return ssh.exec(asRoot(facts, ["stack-agent", ...wait]), {
        timeout: timeout + 60_000,
        signal,
        onLine: (line, stream) => {
          if (stream === "stderr") progress.log("debug", line);
        },
      });
    };
    const answer = await progress.step("wait", "waiting until all of the stack works", settled);
    return deployed(options, facts, steps, answer);
  } catch (error) {
    if (!isStackError(error)) throw error;
    const { code, message, hint, cause, exit, detail } = error;
    throw new StackError(code, message, { hint, cause, exit, detail: [...detail, now] });
  }
}

type Act = (options: HostOptions, facts: HostFacts) => Promise<void>;

const actions: Readonly<Record<Exclude<HostStep, "wait">, Act>> = {
  install: ({ ssh, pack, progress, signal, timeout }, facts) => {
    const remote = `${sendingFolder}/deploy-template-${randomBytes(8).toString("hex")}.deb`;
    const start = performance.now();
    const onProgress = (sent: number): void => {
      const rate = (1000 * sent) / Math.max(1, performance.now() - start);
      progress.log("debug", `${Math.floor((100 * sent) / pack.bytes)} %, ${bytesText(rate)}/s`);
    };
    const title = `installing ${pack.file} (${bytesText(pack.bytes)})`;
    return progress.step("install", title, async () => {
      const argv = asRoot(facts, ["sh", "-c", install, "sh", remote, pack.sha256]);
      const { code, stdout, stderr } = await ssh.execWithFile({ path: pack.path, remote, onProgress }, argv, {
        ...{ signal, timeout },
        onLine: (line) => progress.log("debug", line),
      });
      if (code === 0) return;
      const detail = tail(stdout + stderr);
      if (code === damaged) {
        throw new StackError("checksum", `what arrived on ${ssh.where} is not what was sent`, {
          hint: "run the same command again",
        });
      }
      throw new StackError("install-failed", `apt-get on ${ssh.where} ended with ${code}`, {
        detail,
        hint: "what apt says above; when it is mended, the same command carries on",
      });
    });
  },
  provision: ({ ssh, progress, signal, timeout }, facts) =>
    progress.step("provision", "setting the stack up", async () => {
      const answer = await ssh.exec(asRoot(facts, ["stack-agent", "provision", "--json"]), {
        ...{ signal, timeout },
        onLine: (line, stream) => {
          if (stream === "stderr") progress.log("debug", line);
        },
      });
      if (answer.code === 0) return;
      const error = agentsError(answer, `the stack could not be set up on ${ssh.where}`);
      // An earlier run's, whose connection was lost, or another deployer's: it is waited for.
      if (error.code === "already-running") return;
      throw error;
    }),
};

/** The installer's own exit code, of none of apt's. */
const damaged = 97;

/** A definition that was changed on the host stays. */
const install = `
echo "$2  $1" | sha256sum --check --status || exit ${damaged}
exec env DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes --no-install-recommends --reinstall \\
	-o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold install "$1"
`;

function asRoot({ isRoot }: HostFacts, argv: readonly string[]): readonly string[] {
  return isRoot ? argv : ["sudo", "-n", ...argv];
}

function deployed(
  { address, pack, login }: HostOptions,
  facts: HostFacts,
  steps: readonly HostStep[],
  answer: ExecResult,
): DeploymentDocument {
  const status = statusOf(answer);
  if (status === undefined || answer.code === 1 || answer.code === 3) {
    const failing = status?.components.filter((one) => one.status === "fail") ?? [];
    throw new StackError("not-healthy", `the stack is set up on ${facts.name}, but not all of it works in time`, {
      detail: failing.length > 0 ? failing.map(({ name, code }) => `${name}: ${code}`) : tail(answer.stderr),
      hint: `${login} stack-agent status; the same command waits again, --timeout waits longer`,
    });
  }
  const listeners = [
    { name: "agent", port: pack.model.definition.agent.port, health: "/health" },
    ...pack.model.services,
  ];
  const done = steps.filter((step) => step !== "wait");
  return {
    schemaVersion: 1,
    ...{ node: facts.name, hostname: facts.name, template: pack.file },
    status: status.status === "healthy" ? "healthy" : "degraded",
    changed: done.length > 0,
    steps: done.length > 0 ? [...steps] : [],
    address,
    urls: listeners.map(({ name, port, health }) => ({ name, url: urlOf(address, port, health) })),
    warnings: status.components.filter((one) => one.status === "warn").map(({ name, code }) => `${name}: ${code}`),
  };
}

function statusOf({ stdout }: ExecResult): StatusDocument | undefined {
  const parsed = statusDocument.safeParse(jsonOf(stdout));
  return parsed.success ? parsed.data : undefined;
}
