import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { ExitCode, isErrno, isStackError, StackError } from "../../lib/error.ts";
import { exists } from "../../lib/files.ts";
import type { Run } from "../../lib/run.ts";
import { signatureNamespace } from "../provenance/sign.ts";
import { type Check, failed, passed, unchecked } from "./check.ts";

/** Whose signature is good: a list as ssh-keygen(1) has it under ALLOWED SIGNERS, or one public key. */
export type Trust =
  | { readonly kind: "signers"; readonly path: string; readonly identity?: string }
  | { readonly kind: "key"; readonly path: string };

/**
 * Whether FILE.sig is a signature of FILE by someone trusted.
 *
 * @throws StackError `no-signers`, `no-public-key` (exit 64) for what the caller named wrongly
 */
export async function signatureCheck(
  file: string,
  trust: Trust | undefined,
  run: Run,
  signal: AbortSignal,
): Promise<Check> {
  const about = { name: "signature", title: "signed by someone you trust" };
  if (trust !== undefined) await readNamed(trust);
  const signature = `${file}.sig`;
  if (!(await exists(signature))) {
    const none = `there is no ${basename(signature)}`;
    return trust === undefined ? unchecked(about, none) : failed(about, [none]);
  }
  if (trust === undefined) return unchecked(about, "say whom you trust: --key KEY.pub or --signers FILE");
  const folder = await mkdtemp(join(tmpdir(), "verify-"));
  try {
    const signers = trust.kind === "signers" ? trust.path : join(folder, "signers");
    if (trust.kind === "key") await writeFile(signers, `key ${(await readNamed(trust)).trim()}\n`);
    const keygen = async (args: readonly string[], inputFile?: string) =>
      run("ssh-keygen", ["-Y", ...args, "-f", signers, "-s", signature], {
        ...(inputFile !== undefined && { inputFile }),
        accept: [0, 1, 255],
        timeout: 300_000,
        signal,
        install: "sudo apt-get install openssh-client",
      });
    const identity = trust.kind === "key" ? "key" : trust.identity;
    const found = identity === undefined ? await keygen(["find-principals"]) : undefined;
    const who = identity ?? found?.stdout.trim().split("\n")[0] ?? "";
    if (who === "") return failed(about, [`the key that signed it is not in ${trust.path}`, ...words(found?.stderr)]);
    const { code, stdout, stderr } = await keygen(["verify", "-n", signatureNamespace, "-I", who], file);
    if (code !== 0) return failed(about, words(stderr || stdout, "the signature is not good"));
    const name = trust.kind === "key" ? basename(trust.path) : who;
    return passed({
      name: about.name,
      title: `signed by ${name}, ${/with (\S+ key \S+)/.exec(stdout)?.[1] ?? "SSH key"}`,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function words(text = "", otherwise?: string): string[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.length > 0 || otherwise === undefined ? lines : [otherwise];
}

async function readNamed({ kind, path }: Trust): Promise<string> {
  const usage = (code: string, message: string, hint: string, cause?: unknown): StackError =>
    new StackError(code, message, { hint, cause, exit: ExitCode.usage });
  try {
    const text = await readFile(path, "utf8");
    if (kind === "key" && !/^(?:ssh|ecdsa|sk-)\S+ [A-Za-z0-9+/=]+/.test(text.trim())) {
      throw usage(
        "no-public-key",
        `${path} is no public key of SSH`,
        "name the .pub file: ssh-keygen -y -f KEY prints it",
      );
    }
    return text;
  } catch (error) {
    if (isStackError(error) || !isErrno(error, "ENOENT", "ENOTDIR", "EACCES", "EISDIR")) throw error;
    if (kind === "key") throw usage("no-public-key", `${path} can't be read`, "name a .pub file", error);
    throw usage("no-signers", `${path} can't be read`, "a line of it: NAME ssh-ed25519 AAAA…", error);
  }
}
