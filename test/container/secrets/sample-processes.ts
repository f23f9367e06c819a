import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface Samples {
  /** Command lines and environments, each once; their parts are separated by NUL. */
  readonly texts: readonly string[];
  /** How often all processes were looked at. */
  readonly rounds: number;
}

/** Watches command lines and environments of all containers' processes until the function it gives is called. */
export async function sampleProcesses(): Promise<() => Promise<Samples>> {
  const program = fileURLToPath(new URL("./sampler-child.ts", import.meta.url));
  const child = spawn(process.execPath, ["--no-warnings", program], { stdio: ["pipe", "pipe", "inherit"] });
  await once(child, "spawn");
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  return async () => {
    child.stdin.end();
    await once(child, "close");
    const lines = Buffer.concat(chunks).toString().trim().split("\n");
    const rounds = Number(lines.pop());
    return { texts: lines.map((line) => JSON.parse(line) as string), rounds };
  };
}
