import { stat } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { loadFindings } from "../../components/agent.ts";
import { messageOf } from "../../lib/error.ts";
import type { Run } from "../../lib/run.ts";
import type { Confinement } from "../../stack/documents/confinement.ts";
import type { DoctorDocument, PromiseFinding } from "../../stack/documents/doctor.ts";
import type { Model } from "../../stack/model.ts";
import type { Templates } from "../../stack/render/render.ts";
import { readConfinement } from "../status/read-confinement.ts";
import { confinementFinding } from "./confinement-finding.ts";
import { judge } from "./judge.ts";
import { probe, sandboxInForce } from "./probe.ts";
import { circumstances, question, type Surroundings } from "./question.ts";
import { type Sandbox, sandboxesOf } from "./sandboxes.ts";

export interface DoctorOptions {
  readonly model: Model;
  readonly templates: Templates;
  readonly run: Run;
  readonly signal: AbortSignal;
}

/** Tries what each unit's sandbox promises, from inside a copy of it. Changes nothing, leaves nothing. */
export async function doctor(options: DoctorOptions): Promise<DoctorDocument> {
  const confinement = await readConfinement(options.model.paths.run);
  const surroundings = await lookAround();
  const units: DoctorDocument["units"] = [];
  // One after another: a stack at work is not to feel it.
  for (const sandbox of sandboxesOf(options.model, options.templates)) {
    units.push(await examine(sandbox, units.length, confinement.kind, surroundings, options));
  }
  const states = new Set(units.flatMap(({ promises }) => promises.map(({ state }) => state)));
  return {
    schemaVersion: 1,
    status: states.has("broken") ? "broken" : states.has("not-enforced") ? "not-enforced" : "kept",
    confinement,
    units,
    machine: [confinementFinding(confinement), ...(await loadFindings(options))],
  };
}

/** The same, with the machine looked at anew: no fix changes a sandbox. */
export async function lookAgain(before: DoctorDocument, options: DoctorOptions): Promise<DoctorDocument> {
  return { ...before, machine: [confinementFinding(before.confinement), ...(await loadFindings(options))] };
}

async function examine(
  sandbox: Sandbox,
  number: number,
  confinement: Confinement["kind"],
  machine: Surroundings,
  options: DoctorOptions,
): Promise<DoctorDocument["units"][number]> {
  const { unit } = sandbox;
  let user = "";
  try {
    const inForce = await sandboxInForce(unit, options);
    user = inForce.get("User") || "root";
    const around = circumstances(sandbox, user, options.model, machine);
    const asked = question(sandbox, around, options.model, machine);
    const answer = await probe(`stack-doctor-${process.pid}-${number}`, inForce, asked, options);
    const deniesAddresses = (inForce.get("IPAddressDeny") ?? "").includes("0.0.0.0/0");
    return { unit, user, promises: judge({ sandbox, answer, around, confinement, deniesAddresses }) };
  } catch (error) {
    if (options.signal.aborted) throw error;
    return { unit, user, promises: [notMade(unit, error)] };
  }
}

function notMade(unit: string, error: unknown): PromiseFinding {
  return {
    promise: "sandbox",
    title: "its sandbox can be made",
    state: "broken",
    found: [messageOf(error)],
    hint: `systemctl status ${unit}`,
  };
}

async function lookAround(): Promise<Surroundings> {
  const temporary = await stat("/tmp");
  const addresses = Object.values(networkInterfaces())
    .flatMap((interfaces) => interfaces ?? [])
    .filter(({ internal, family }) => !internal && family === "IPv4")
    .map(({ address }) => address);
  return { temporary: `${temporary.dev}:${temporary.ino}`, addresses };
}
