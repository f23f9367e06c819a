import { ExitCode, isStackError, StackError } from "../lib/error.ts";

/** What apt says of a name that its archive has not, or only as something others provide. */
const unknown = /^E: (?:Unable to locate package (\S+)|Package '(\S+)' has no installation candidate)/;

/** @throws StackError `no-such-package`, exit 64, for packages that Debian has not, else the error itself */
export function explainPackages(error: unknown): never {
  if (!isStackError(error)) throw error;
  const names = error.detail.flatMap((line) => {
    const [, absent, virtual] = unknown.exec(line) ?? [];
    return absent ?? virtual ?? [];
  });
  if (names.length === 0) throw error;
  throw new StackError("no-such-package", `Debian has no package ${[...new Set(names)].join(", ")}`, {
    hint: "correct `packages` in the stack.yaml; `apt-cache search WORD` finds names",
    exit: ExitCode.usage,
  });
}
