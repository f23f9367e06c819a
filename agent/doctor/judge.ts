import type { Confinement } from "../../stack/documents/confinement.ts";
import type { PromiseFinding } from "../../stack/documents/doctor.ts";
import { type Answer, type Circumstances, type Needs, promisesOf } from "./promises.ts";
import type { Sandbox } from "./sandboxes.ts";

type Kind = Confinement["kind"];

export interface Judged {
  readonly sandbox: Sandbox;
  readonly answer: Answer;
  readonly around: Circumstances;
  readonly confinement: Kind;
  /** systemd has IPAddressDeny=any in force for the unit: where it has no effect the kernel gave it none. */
  readonly deniesAddresses: boolean;
}

/** Each promise of a unit's sandbox against what could be done in it. */
export function judge({ sandbox, answer, around, confinement, deniesAddresses }: Judged): PromiseFinding[] {
  return promisesOf(sandbox.directives).map(({ id, title, needs, by, breaches }) => {
    const found = [...breaches(answer, around)];
    const common = { promise: id, title, found };
    if (found.length === 0) return { ...common, state: "kept" };
    const impossible = needs !== undefined && isImpossible(needs, confinement, deniesAddresses);
    return impossible
      ? { ...common, state: "not-enforced", hint: impossibleHints[needs] }
      : { ...common, state: "broken", hint: `systemctl cat ${sandbox.unit} shows what takes ${by}= back` };
  });
}

function isImpossible(needs: Needs, confinement: Kind, deniesAddresses: boolean): boolean {
  if (needs === "bpf") return deniesAddresses;
  return confinement === "no-mounts" || (confinement === "no-nesting" && needs === "nesting");
}

const impossibleHints: Readonly<Record<Needs, string>> = {
  mounts: "the container may make no mounts: allow bind mounts in its seccomp or AppArmor profile, and start it anew",
  nesting: "on the node: pct set VMID --features nesting=1, and start the container anew",
  bpf: "an unprivileged container can't filter addresses: use the node's firewall for what leaves it",
};
