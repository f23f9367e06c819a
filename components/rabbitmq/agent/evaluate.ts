import { StackError } from "../../../lib/error.ts";
import type { Run } from "../../../lib/run.ts";

/** Fixed by rabbitmq-env.conf. */
const node = "rabbit@localhost";
/** The broker's home: its cookie is there. */
const home = "/var/lib/rabbitmq";

/**
 * Has the running broker evaluate Erlang expressions, as `rabbitmqctl eval` does, in 5 ms instead
 * of 500: erl_call, of the package erlang-base, is no Erlang machine of its own.
 *
 * @param script expressions; the last one's value is `ok` where all went well
 * @param options.timeout milliseconds
 * @returns what they wrote by io:put_chars
 * @throws StackError `broker-silent` where the broker doesn't answer or knows another cookie,
 *   `broker-eval` with what it said where the expressions failed; what `run` throws
 */
export async function evaluate(
  run: Run,
  script: string,
  options: { readonly timeout: number; readonly signal?: AbortSignal },
): Promise<string> {
  const { stdout, stderr, code } = await run("erl_call", ["-sname", node, "-e", "-fetch_stdout"], {
    ...options,
    cwd: "/",
    env: { ...process.env, HOME: home },
    // It waits for the end of the line after the full stop.
    input: `${script}\n`,
    accept: [0, 1],
    install: "apt-get install erlang-base",
  });
  const hint = "journalctl -b -u rabbitmq-server";
  if (code !== 0) {
    throw new StackError("broker-silent", `the Erlang node ${node} does not answer`, { hint, detail: [stderr] });
  }
  // What is written, then the last value.
  const written = /^(.*)\{ok, ok\}\s*$/s.exec(stdout)?.[1];
  if (written === undefined) {
    throw new StackError("broker-eval", `the Erlang node ${node} could not do what it was asked`, {
      hint,
      detail: stdout.replaceAll("\\n", "\n").trim().split("\n"),
    });
  }
  return written;
}
