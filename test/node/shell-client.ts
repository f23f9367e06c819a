/**
 * What stands in a stand-in's PATH as `pvesh` and `pvesm`: asks its core over a socket, and has
 * a process of the name that a worker of pvesh has while one runs.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { connect } from "node:net";
import { createInterface } from "node:readline";

interface Said {
  readonly out?: string;
  readonly err?: string;
  readonly task?: string;
  readonly exit?: number;
}

const [socketPath = "", program = "", ...argv] = process.argv.slice(2);
const socket = connect(socketPath);
let worker: ChildProcess | undefined;
let code = 255;
socket.on("error", (error) => process.stderr.write(`${error.message}\n`));
socket.write(`${JSON.stringify({ program, argv, uid: process.getuid?.() })}\n`);
for await (const line of createInterface({ input: socket })) {
  const { out, err, task, exit } = JSON.parse(line) as Said;
  if (out !== undefined) process.stdout.write(out);
  if (err !== undefined) process.stderr.write(err);
  if (task !== undefined) worker = spawn("sleep", ["600"], { argv0: `task ${task}`, stdio: "ignore" });
  if (exit !== undefined) code = exit;
}
worker?.kill("SIGKILL");
process.exitCode = code;
