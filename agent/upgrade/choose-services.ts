import { agentReleasesFolder } from "../../stack/agent-releases.ts";
import type { StackReleaseDocument } from "../../stack/documents/stack-release.ts";
import { releaseZero } from "../../stack/releases.ts";

export interface ServiceFacts {
  readonly name: string;
  /** The release of it that is wanted. */
  readonly wanted: string;
  /** What that was made from; undefined of the template's own. */
  readonly from: string | undefined;
}

export interface ChosenServices {
  /** Get the code that the release brings. */
  readonly changed: readonly string[];
  /** Were deployed for themselves, and stay so, though the release has other code. */
  readonly kept: readonly string[];
}

/**
 * Which services an upgrade gives other code: those whose code differs between the two releases, but for what
 * was deployed by `service deploy`, which only that takes back.
 */
export function chooseServices(
  coming: Pick<StackReleaseDocument, "services">,
  running: Pick<StackReleaseDocument, "services">,
  facts: readonly ServiceFacts[],
): ChosenServices {
  const differing = Object.keys(coming.services).filter((name) => coming.services[name] !== running.services[name]);
  const byHand = (name: string): boolean => {
    const found = facts.find((one) => one.name === name);
    return found !== undefined && found.wanted !== releaseZero && !found.from?.startsWith(`${agentReleasesFolder}/`);
  };
  return { changed: differing.filter((name) => !byHand(name)), kept: differing.filter(byHand) };
}
