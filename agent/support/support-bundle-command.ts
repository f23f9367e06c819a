import { createReadStream } from "node:fs";
import { chmod, mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { loadEvidence } from "../../components/agent.ts";
import { everySecret } from "../../engine/secrets/every-secret.ts";
import { redactor } from "../../engine/secrets/redactor.ts";
import { ExitCode, isErrno, StackError } from "../../lib/error.ts";
import { unfinishedName } from "../../lib/files.ts";
import { run } from "../../lib/run.ts";
import type { SupportBundleDocument } from "../../stack/documents/support-bundle.ts";
import { processOutput } from "../cli/output.ts";
import { requireRoot } from "../cli/require-root.ts";
import { textTable } from "../cli/text-table.ts";
import { loadModel } from "../model/load-model.ts";
import { collectEvidence, isFullDisk } from "./collect-evidence.ts";
import { machineEvidence } from "./machine-evidence.ts";

export interface SupportBundleOptions {
  /** The archive; `-`: standard output. */
  readonly output?: string;
  readonly since: string;
  readonly json?: boolean;
  readonly signal: AbortSignal;
  readonly userId: number | undefined;
}

/**
 * `stack-agent support-bundle`. Whole or not at all: the archive has its name once all of it is written.
 *
 * @returns 0: what could not be collected is told in it
 * @throws StackError `not-root`, `usage` (64), `disk-full`, `aborted`
 */
export async function supportBundleCommand(options: SupportBundleOptions): Promise<number> {
  requireRoot("support-bundle", options.userId);
  const { output, since, signal, json } = options;
  const toStandardOutput = output === "-";
  if (toStandardOutput && json) {
    throw new StackError("usage", "--json and the archive can't both be on standard output", {
      hint: "stack-agent support-bundle --output FILE --json",
      exit: ExitCode.usage,
    });
  }
  await refuseOtherTime(since, signal);
  const model = await loadModel();
  const now = new Date();
  const name = `${model.name}-support-${now
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replaceAll(/[-:]/g, "")
    .replace("T", "-")}`;
  const archive = toStandardOutput ? undefined : resolve(output ?? `/var/tmp/${name}.tar.gz`);
  const beside = archive === undefined ? "/var/tmp" : dirname(archive);
  const { write, writeAside, colours } = processOutput();
  let work: string | undefined;
  try {
    await refuseFolder(archive);
    work = await mkdtemp(join(beside, ".stack-support-"));
    const folder = join(work, name);
    await mkdir(folder, { mode: 0o700 });
    const redact = redactor(await everySecret(model.paths.state));
    const evidence = [
      ...machineEvidence({ model, run, signal, since }),
      ...(await loadEvidence({ model, run, signal })),
    ];
    const tell = (line: string): void => writeAside(`collecting ${line}\n`);
    const files = await collectEvidence(evidence, { folder, redact, signal, tell });
    const document: SupportBundleDocument = {
      schemaVersion: 1,
      createdAt: now.toISOString(),
      stack: { name: model.name, version: model.version },
      host: hostname(),
      files,
    };
    await writeFile(join(folder, "contents.json"), `${JSON.stringify(document, undefined, 2)}\n`, { mode: 0o600 });
    const made = join(work, unfinishedName());
    await run("tar", ["--create", "--gzip", "--file", made, "--owner=0", "--group=0", "--sort=name", name], {
      cwd: work,
      signal,
      timeout: 10 * 60_000,
    });
    await chmod(made, 0o600);
    if (archive === undefined) {
      await pipeline(createReadStream(made), process.stdout, { end: false });
      return ExitCode.healthy;
    }
    await rename(made, archive);
    const { size } = await stat(archive);
    if (json) write(`${JSON.stringify({ ...document, archive })}\n`);
    else write(listing(document, archive, size, colours));
    return ExitCode.healthy;
  } catch (error) {
    throw isFullDisk(error) ? fullDisk(beside, error) : error;
  } finally {
    if (work !== undefined) await rm(work, { recursive: true, force: true });
  }
}

function listing({ files }: SupportBundleDocument, archive: string, size: number, colours: boolean): string {
  const rows = files.map(({ path, about, bytes, redacted, error }) => ({
    cells: [
      path,
      error === undefined ? `${Math.ceil(bytes / 1024)} KiB` : "",
      redacted === 0 ? "" : String(redacted),
      about,
    ],
    note: error === undefined ? undefined : `not collected: ${error}`,
  }));
  const lines = [
    ...textTable(["file", "size", "secrets taken out", ""], rows, colours),
    "",
    `${archive}, ${Math.ceil(size / 1024)} KiB, readable by root alone; contents.json in it is this list.`,
    `look before you send it: tar -xzf ${basename(archive)}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** Before two minutes of work: journalctl says itself what a time is. */
async function refuseOtherTime(since: string, signal: AbortSignal): Promise<void> {
  const { stderr, code } = await run("journalctl", ["--quiet", "--lines=0", `--since=${since}`], {
    signal,
    accept: [0, 1],
  });
  if (code === 0) return;
  throw new StackError("usage", `--since: ${stderr.trim()}`, {
    hint: "stack-agent support-bundle --since '3 days ago'",
    exit: ExitCode.usage,
  });
}

async function refuseFolder(archive: string | undefined): Promise<void> {
  if (archive === undefined) return;
  const usage = (message: string): StackError =>
    new StackError("usage", message, { hint: `--output ${join(archive, "bundle.tar.gz")}`, exit: ExitCode.usage });
  try {
    if ((await stat(archive)).isDirectory()) throw usage(`${archive} is a folder`);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
}

function fullDisk(folder: string, cause: unknown): StackError {
  return new StackError("disk-full", `there is no room in ${folder} for the archive; nothing is left of it`, {
    hint: "--output into another folder, or --output - to have it elsewhere; a shorter --since makes it smaller",
    cause,
  });
}
