import { messageOf, StackError } from "../../lib/error.ts";
import type { Run } from "../../lib/run.ts";
import type { Answer, Question } from "./promises.ts";
import { type SandboxProperty, sandboxProperties } from "./sandbox-properties.ts";

const program = "/usr/lib/stack-agent/sandbox-probe";

/** Seconds after which systemd ends a probe by itself, were we gone. */
const longest = 60;

export interface ProbeOptions {
  readonly run: Run;
  readonly signal: AbortSignal;
}

/** A unit's sandbox as systemd has it in force: file, drop-ins and what a generator took back. */
export type SandboxInForce = ReadonlyMap<SandboxProperty, string>;

/** @throws StackError `no-such-unit` */
export async function sandboxInForce(unit: string, { run, signal }: ProbeOptions): Promise<SandboxInForce> {
  const asked = `--property=${["LoadState", ...sandboxProperties].join()}`;
  const { stdout } = await run("systemctl", ["show", "--no-pager", asked, "--", unit], { signal });
  const shown = new Map(
    stdout.split("\n").flatMap((line) => {
      const [, name, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value] as const];
    }),
  );
  if (shown.get("LoadState") !== "loaded") {
    throw new StackError("no-such-unit", `${unit} is ${shown.get("LoadState")}`, { hint: "stack-agent provision" });
  }
  return new Map(sandboxProperties.flatMap((name) => (shown.has(name) ? [[name, shown.get(name) ?? ""]] : [])));
}

/**
 * Runs the probe program in a sandbox like a unit's: a transient unit with the same properties,
 * so that system call filter, addresses and capabilities count as well. It is gone afterwards,
 * whatever happens.
 *
 * @param name of the transient unit, without suffix
 * @throws StackError `probe-failed`
 */
export async function probe(
  name: string,
  sandbox: SandboxInForce,
  question: Question,
  { run, signal }: ProbeOptions,
): Promise<Answer> {
  const properties = [
    ...[...sandbox].filter(([property, value]) => value !== "" || property === "CapabilityBoundingSet"),
    ["RuntimeMaxSec", String(longest)],
  ].map(([property, value]) => `--property=${property}=${value}`);
  const about = [`--unit=${name}`, "--description=Try a sandbox from inside (stack-agent doctor)"];
  const how = ["--quiet", "--wait", "--pipe", "--collect", ...about, ...properties];
  try {
    const { stdout } = await run("systemd-run", [...how, "--", program, JSON.stringify(question)], {
      signal,
      timeout: (longest + 10) * 1000,
    });
    return JSON.parse(stdout) as Answer;
  } catch (error) {
    await run("systemctl", ["stop", `${name}.service`], { accept: [0, 5] });
    if (signal.aborted) throw error;
    throw new StackError("probe-failed", messageOf(error), { cause: error, hint: `journalctl -b -u ${name}` });
  }
}
