import type { Container } from "../../lib/lxc/container.ts";
import type { Effects } from "../../lib/lxc/effects.ts";
import { execIn } from "../../lib/lxc/exec-in.ts";
import { tail } from "../../lib/run.ts";

/** What tells why a container is not healthy: title, command, lines at most. */
const questions = [
  ["status", ["stack-agent", "status"], 40],
  ["failed units", ["systemctl", "--failed", "--no-legend", "--plain", "--no-pager"], 10],
  ["last errors", ["journalctl", "--priority=err", "--lines=15", "--no-pager", "--output=short"], 15],
] as const;

/** Asks a container why it is not healthy. One that doesn't answer gives what it can. */
export async function evidence(container: Container, effects: Effects): Promise<string[]> {
  const lines: string[] = [];
  for (const [title, [command, ...args], most] of questions) {
    const said = await execIn({ container, command, args, ...effects, timeout: 20_000, accept: [0, 1, 2, 3] }).then(
      ({ stdout, stderr }) => tail(stdout || stderr, most),
      (error: unknown) => [`can't be asked: ${String(error)}`],
    );
    lines.push(`${title}:`, ...(said.length === 0 ? ["  none"] : said.map((line) => `  ${line}`)));
  }
  return lines;
}
