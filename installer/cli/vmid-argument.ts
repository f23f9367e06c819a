import { ExitCode, StackError } from "../../lib/error.ts";

/** @throws StackError `bad-vmid`, exit 64 */
export function vmidArgument(text: string): number {
  if (/^[1-9]\d{2,8}$/.test(text)) return Number(text);
  throw new StackError("bad-vmid", `--vmid: ${text} is no number from 100 to 999999999`, {
    hint: "--vmid 120",
    exit: ExitCode.usage,
  });
}
