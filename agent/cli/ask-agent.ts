import { get } from "node:http";
import { messageOf, StackError } from "../../lib/error.ts";
import { readTextIfAny } from "../../lib/files.ts";
import { loopback } from "../../stack/loopback.ts";

export interface AgentAddress {
  readonly port: number;
  /** Shown where there is one, for messages and versions. */
  readonly token: string | undefined;
}

export interface AgentAnswer {
  readonly code: number;
  readonly document: unknown;
}

const defaultPort = 8000;
const longestAnswer = 4 * 1024 * 1024;

/**
 * Asks the agent of this machine.
 *
 * @param timeout milliseconds
 * @throws StackError `agent-unreachable`, with the command that tells why
 */
export async function askAgent(address: AgentAddress, path: string, timeout = 3000): Promise<AgentAnswer> {
  try {
    const { code, body } = await fetchText(address, path, timeout);
    return { code, document: JSON.parse(body) };
  } catch (cause) {
    throw new StackError("agent-unreachable", `the agent does not answer on ${loopback}:${address.port}`, {
      cause: messageOf(cause),
      hint: "systemctl status stack-agent; stack-agent logs agent",
    });
  }
}

/**
 * The agent's port, out of the definition in force. YAML is only parsed where the
 * definition says something of the agent, and then it is loaded for it: status must be quick.
 */
export async function agentPort(definitionPath: string): Promise<number> {
  const text = await readTextIfAny(definitionPath).catch(() => undefined);
  if (text === undefined || !/agent/.test(text)) return defaultPort;
  const plain = /^agent:[ \t]*\r?\n[ \t]+port:[ \t]*(\d{4,5})[ \t]*(#.*)?\r?$/m.exec(text)?.[1];
  if (plain !== undefined) return Number(plain);
  const { parse } = await import("yaml");
  const port: unknown = parse(text)?.agent?.port;
  return typeof port === "number" ? port : defaultPort;
}

function fetchText(address: AgentAddress, path: string, timeout: number): Promise<{ code: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = get(
      {
        host: loopback,
        port: address.port,
        path,
        agent: false,
        signal: AbortSignal.timeout(timeout),
        headers: address.token === undefined ? {} : { authorization: `Bearer ${address.token}` },
      },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          body += chunk;
          if (body.length > longestAnswer) request.destroy(new Error("the answer is too long"));
        });
        response.on("end", () => resolve({ code: response.statusCode ?? 0, body }));
        response.on("error", reject);
      },
    );
    request.on("error", reject);
  });
}
