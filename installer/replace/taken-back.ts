import { isStackError, messageOf, StackError } from "../../lib/error.ts";
import { destroy, doomed } from "../flow/destroy.ts";
import { placeTags } from "./cut-off.ts";
import { type Config, LEASE, type Reached, type ReplaceOptions } from "./options.ts";
import { stackAgent, waitHealthy } from "./pass-on.ts";
import { begun, guestOf, tagsOf } from "./take-over.ts";

/** Has the old one serve again, whatever stopped the replacement, and says what is left. */
export async function takenBack(
  error: unknown,
  config: Config,
  options: ReplaceOptions,
  reached: Reached,
): Promise<unknown> {
  const { from, wanted, keep, progress } = options;
  const { vmid } = wanted;
  // What stopped it must not stop this.
  const signal = new AbortController().signal;
  const lines: string[] = [];
  const attempt = async (done: string, otherwise: string, act: () => Promise<unknown>): Promise<void> => {
    try {
      await act();
      if (done !== "") lines.push(done);
    } catch (fault) {
      lines.push(`${otherwise}: ${messageOf(fault)}`);
    }
  };
  await progress.step("back", `container ${from} serves again`, async () => {
    const opened = await options
      .reopen()
      .catch((fault: unknown) => void lines.push(`out of reach: ${messageOf(fault)}`));
    if (opened === undefined) {
      lines.push(
        reached.isSwitched
          ? `look which of the containers ${from} and ${vmid} runs: pct stop ${vmid}; pct start ${from}`
          : `container ${from} serves again within ${LEASE} s by itself; container ${vmid} is there`,
      );
      return;
    }
    const { node, shell } = opened;
    const how = { ...options, node, shell, signal };
    const status = async (id: number): Promise<string | undefined> => (await guestOf(node, id)).status;
    try {
      if (reached.isSwitched) {
        await attempt("", `container ${vmid} runs still: pct stop ${vmid}`, async () => {
          if ((await status(vmid)) === "running") await begun(await node.stop(vmid), `stopping container ${vmid}`, how);
        });
        await attempt(`container ${from} serves again`, `container ${from} is not up: pct start ${from}`, async () => {
          const onboot = String(config.onboot ?? "0") === "1";
          await node.configure(from, { onboot });
          if ((await status(from)) !== "running") {
            await begun(await node.start(from), `starting container ${from}`, how);
            await waitHealthy(shell, from, { timeout: options.patience.healthy, signal });
          } else await stackAgent(shell, from, ["handover", "end"]);
        });
      } else if (reached.isOut) {
        const otherwise = `container ${from} serves again within ${LEASE} s, or now by: pct exec ${from} -- stack-agent handover end`;
        await attempt(`container ${from} serves again`, otherwise, () => stackAgent(shell, from, ["handover", "end"]));
      } else lines.push(`container ${from} serves as before`);
      if (!reached.isMade) return;
      if (keep) {
        await attempt("", `container ${vmid} keeps its tag ${placeTags(from).made}`, () =>
          node.configure(vmid, { tags: tagsOf(wanted) }),
        );
        return void lines.push(`container ${vmid} is kept: deploy-template destroy --vmid ${vmid}`);
      }
      await attempt(`container ${vmid} is gone`, `container ${vmid} is there still`, async () => {
        const found = await doomed(node, vmid);
        const { task: timeout, absence } = options.patience;
        if (found !== undefined) await destroy(node, found, { progress, signal, timeout, absence });
      });
    } finally {
      shell.close();
    }
  });
  const left = lines.join("; ");
  options.onLeft(left);
  const { code, message, hint, cause, exit, detail } = isStackError(error)
    ? error
    : new StackError("replace-failed", messageOf(error), { cause: error });
  return new StackError(code, message, { hint, cause, exit, detail: [...detail, left] });
}
