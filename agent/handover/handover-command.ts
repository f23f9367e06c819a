import { json as readJson } from "node:stream/consumers";
import { loadHandover } from "../../components/agent.ts";
import type { HandoverOptions, HandoverPart } from "../../engine/agent-part.ts";
import { readSecret } from "../../engine/secrets/read-secret.ts";
import { ExitCode, StackError } from "../../lib/error.ts";
import type { Log } from "../../lib/log.ts";
import { run } from "../../lib/run.ts";
import type { DependencyName } from "../../stack/components/names.ts";
import type { MovedDocument } from "../../stack/documents/handover.ts";
import { requireRoot } from "../cli/require-root.ts";
import { loadModel } from "../model/load-model.ts";
import { type HandoverSettings, lookAtHandover, receiveSettings, sendSettings } from "./settings.ts";
import { renewLease, standDown, standUp } from "./stand-down.ts";

export type HandoverAction =
  | { readonly do: "look" }
  | { readonly do: "begin"; readonly lease?: number }
  | { readonly do: "renew"; readonly lease: number }
  | { readonly do: "send"; readonly what: string }
  | { readonly do: "receive"; readonly what: string; readonly definition?: string }
  | { readonly do: "end" };

interface Effects {
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Standard output. */
  readonly write: (text: string) => void;
  /** Of this process; undefined where the system has none. */
  readonly userId: number | undefined;
}

/**
 * `stack-agent handover …`, which `deploy-template replace` runs on both sides. What is handed over goes from the standard
 * output of `send` to the standard input of `receive`; each tells how much it was.
 *
 * @returns 0
 * @throws StackError `not-root`, `no-component` (64); of what is done
 */
export async function handoverCommand(action: HandoverAction, effects: Effects): Promise<number> {
  const { log, signal, write, userId } = effects;
  requireRoot(`handover ${action.do}`, userId);
  const model = await loadModel();
  const parts = await loadHandover(model);
  const tell = (line: string): void => log("info", line);
  const options: HandoverOptions = {
    ...{ model, run, log, signal },
    secret: async (name) => {
      const value = await readSecret(model.paths.state, name);
      if (value !== undefined) return value;
      throw new StackError("secret-missing", `the secret ${name} is not there`, { hint: "stack-agent provision" });
    },
  };
  const answer = (document: object): void => write(`${JSON.stringify(document)}\n`);
  switch (action.do) {
    case "look":
      answer(await lookAtHandover({ model, run, signal, tell }));
      break;
    case "begin":
      await standDown(options, action.lease);
      break;
    case "renew":
      await renewLease(action.lease, run);
      break;
    case "end":
      await standUp(options, parts);
      break;
    case "send": {
      if (action.what === "settings") {
        answer(await sendSettings({ model, run, signal, tell }));
        break;
      }
      const moved = await partOf(action.what, parts).send(options, process.stdout);
      process.stderr.write(`${JSON.stringify({ schemaVersion: 1, moved } satisfies MovedDocument)}\n`);
      break;
    }
    case "receive": {
      if (action.what === "settings") {
        const settings = (await readJson(process.stdin)) as HandoverSettings;
        const which = action.definition === "old" || action.definition === "template" ? action.definition : undefined;
        answer(await receiveSettings(settings, which, { model, run, signal, tell }));
        break;
      }
      const moved = await partOf(action.what, parts).receive(options, process.stdin);
      answer({ schemaVersion: 1, moved } satisfies MovedDocument);
    }
  }
  return ExitCode.healthy;
}

function partOf(what: string, parts: ReadonlyMap<string, HandoverPart>): HandoverPart {
  const part = parts.get(what as DependencyName);
  if (part !== undefined) return part;
  throw new StackError("no-component", `this stack has no ${what} to hand over`, {
    hint: ["settings", ...parts.keys()].join(", "),
    exit: ExitCode.usage,
  });
}
