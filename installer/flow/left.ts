import type { Facts } from "../preflight/facts.ts";
import type { Wanted } from "../wanted/wanted.ts";

/** How far a deployment has come. */
export type Left = Facts | "uploaded" | "doubtful" | "asked" | "creating" | "created" | "started";

/** What is there on the node now, and what the next run does with it. One sentence. */
export function left(state: Left, wanted: Wanted): string {
  const { vmid, settings, template } = wanted;
  const again = "the same command carries on";
  switch (state) {
    case "uploaded":
      return `left: ${template.file} in storage ${settings.templateStorage}, no container; ${again} from there`;
    case "doubtful":
      return `left: ${template.file} in storage ${settings.templateStorage}, perhaps damaged, no container; with --resend it is sent again`;
    case "asked":
      return `left: perhaps container ${vmid}, its creation was asked for; the same command looks first`;
    case "creating":
      return `left: the node goes on creating container ${vmid} by itself; ${again} with it`;
    case "created":
      return `left: container ${vmid}, not started; ${again} with it`;
    case "started":
      return `left: container ${vmid}, running; ${again} with it`;
    default:
      if (state.creation !== undefined) return left("creating", wanted);
      if (state.occupant !== undefined && state.occupant !== "unseen") {
        return `left: container ${vmid}, as it was; ${again} with it`;
      }
      return state.file === "there" || state.file === "whole" ? left("uploaded", wanted) : "left: nothing on the node";
  }
}
