import { StackError } from "../../lib/error.ts";
import type { StatusDocument } from "../../stack/documents/status.ts";
import { statusDocument } from "../../stack/documents/status.ts";
import { agentAddress, type MachinePaths } from "../cli/agent-address.ts";
import { askAgent } from "../cli/ask-agent.ts";

/** The agent's word on its jobs, and on the stack. @throws StackError `agent-unreachable` */
export async function askJobs(paths: MachinePaths = {}): Promise<Pick<StatusDocument, "stages" | "jobs">> {
  const { document } = await askAgent(await agentAddress(paths), "/status");
  const parsed = statusDocument.safeParse(document);
  if (parsed.success) return parsed.data;
  throw new StackError("agent-unreachable", "what answers on the agent's port is not the agent", {
    hint: "systemctl status stack-agent",
  });
}
