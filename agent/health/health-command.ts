import { ExitCode, StackError } from "../../lib/error.ts";
import type { HealthDocument } from "../../stack/documents/health.ts";
import { agentAddress, type MachinePaths } from "../cli/agent-address.ts";
import { askAgent } from "../cli/ask-agent.ts";
import { coloured, type Output, processOutput } from "../cli/output.ts";
import { outputFormat } from "../cli/output-format.ts";
import { textTable } from "../cli/text-table.ts";

export interface HealthOptions extends MachinePaths {
  /** One component, service or group; default all. */
  readonly component?: string;
  readonly format?: string;
  readonly json?: boolean;
  readonly output?: Output;
}

const exitCodes: Readonly<Record<HealthDocument["status"], number>> = {
  pass: ExitCode.healthy,
  warn: ExitCode.degraded,
  fail: ExitCode.failed,
};

/**
 * `stack-agent health [COMPONENT]`: what the agent's `/health` says.
 *
 * @returns the exit code: 0 pass, 1 fail, 2 warn
 * @throws StackError `agent-unreachable`, `no-such-component` (exit 64), `usage` (exit 64)
 */
export async function healthCommand(options: HealthOptions = {}): Promise<number> {
  const format = outputFormat(options);
  const output = options.output ?? processOutput();
  const { component } = options;
  const path = component === undefined ? "/health" : `/health/${encodeURIComponent(component)}`;
  const { document } = await askAgent(await agentAddress(options), path);
  if (!isHealth(document)) throw refused(document, component);
  output.write(
    format === "json" ? `${JSON.stringify(document, undefined, 2)}\n` : healthTable(document, output.colours),
  );
  return exitCodes[document.status];
}

function healthTable(document: HealthDocument, colours: boolean): string {
  const outputs = new Map(
    Object.values(document.checks)
      .flat()
      .filter((check) => check.status !== "pass")
      .map((check) => [check.componentId, check.output ?? ""]),
  );
  const rows = document.components.map((state) => ({
    cells: [
      state.name,
      state.status,
      state.code,
      state.latencyMs > 0 ? state.latencyMs.toFixed(1) : "",
      (state.ageMs / 1000).toFixed(1),
    ],
    note: outputs.get(state.name),
  }));
  const lines = textTable(["component", "state", "code", "ms", "age s"], rows, colours);
  return `${coloured(document.status, colours)}\n\n${lines.join("\n")}\n`;
}

function refused(document: unknown, component: string | undefined): StackError {
  const hint = field(document, "hint");
  if (field(document, "code") === "no-such-component") {
    return new StackError("no-such-component", `this stack has no component or group ${component}`, {
      hint,
      exit: ExitCode.usage,
    });
  }
  return new StackError("agent-refused", `the agent refused: ${field(document, "message") ?? "unknown answer"}`, {
    hint,
  });
}

function field(document: unknown, name: string): string | undefined {
  const value: unknown =
    typeof document === "object" && document !== null
      ? Object.entries(document).find(([key]) => key === name)?.[1]
      : "";
  return typeof value === "string" && value !== "" ? value : undefined;
}

function isHealth(document: unknown): document is HealthDocument {
  return typeof document === "object" && document !== null && "components" in document && "checks" in document;
}
