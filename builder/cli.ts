import { readFile } from "node:fs/promises";
import { dirname, join, resolve as resolvePath } from "node:path";
import { Command, CommanderError, Option } from "commander";
import { describeError, ExitCode, errorDocument, isErrno, isStackError, messageOf, StackError } from "../lib/error.ts";
import { outliveReaders } from "../lib/outlive-readers.ts";
import { definitionJsonSchema } from "../stack/definition/json-schema.ts";
import { readDefinition } from "../stack/definition/parse.ts";
import { resolve } from "../stack/resolve.ts";
import { type BuildResult, build } from "./build.ts";
import { cacheFolder } from "./cache/cache-folder.ts";
import { defaultCacheLimit } from "./cache/prune.ts";
import type { BuildOptions, Format } from "./context.ts";
import { initCommand } from "./init/command.ts";
import { plainProgress } from "./progress/plain.ts";
import type { Progress } from "./progress/progress.ts";
import { projectFolder as project } from "./resources.ts";

const help = `
A stack.yaml says what is in the template; without one it is the default stack,
stack/stock-analysis.yaml, which shows every setting.

The work is done in a folder below TMPDIR (/tmp) that is gone afterwards, whatever happens;
it needs 4 GiB. Root or an ordinary user may build. Missing Debian tools are installed when
root builds, and named otherwise.

What is written to DIR:
  debian-12-NAME_VERSION-HASH_amd64.tar.gz           the template
  debian-12-NAME_VERSION-HASH_amd64.tar.gz.sha256    sha256sum --check takes it
  debian-12-NAME_VERSION-HASH_amd64.manifest.json    layers, packages, deviations
  debian-12-NAME_VERSION-HASH_amd64.DEPLOY.md        the commands for the Proxmox node

Examples:
  build-template                              the default stack, into dist/
  build-template my-stack.yaml --out /srv     your own
  build-template --set container.memory=4GiB  one value other than the file's
  build-template init my-stack                a commented start of your own
  build-template --format zst                 smaller, and unpacked faster
  build-template --schema > stack.schema.json for your editor

Exit codes: 0 built, 1 a step failed, 64 unknown option or invalid stack.yaml,
130 interrupted by Ctrl-C, 143 by SIGTERM.
`;

interface Flags {
  readonly out: string;
  readonly format: Format;
  readonly offline?: true;
  readonly set?: readonly string[];
  readonly arch: "amd64" | "arm64";
  readonly schema?: true;
  readonly json?: true;
}

async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === "init") return initCommand(argv.slice(1));
  const program = new Command("build-template")
    .description("Builds a Proxmox container template from a stack definition.")
    .argument("[STACK.yaml]", "the stack definition (default: stack/stock-analysis.yaml)")
    .option("--out <dir>", "where the template goes", "dist")
    .addOption(new Option("--format <format>", "compression").choices(["gz", "zst"]).default("gz"))
    .option("--offline", "build from what is cached, without asking the network")
    .addOption(
      new Option("--set <path=value>", "a setting in the place of the file's; may be repeated").argParser(repeated),
    )
    .addOption(new Option("--arch <arch>", "processor of the node").choices(["amd64", "arm64"]).default("amd64"))
    .option("--schema", "print the JSON Schema of a stack.yaml and end")
    .option("--json", "print the result, or the error, as one JSON object")
    .version(await projectVersion(), "--version", "print the version and end")
    .helpOption("--help", "print this and end")
    .addHelpText("after", help)
    .exitOverride();
  try {
    program.parse(argv, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : ExitCode.usage;
    throw error;
  }
  const flags = program.opts<Flags>();
  if (flags.schema) {
    process.stdout.write(`${JSON.stringify(definitionJsonSchema(), undefined, 2)}\n`);
    return 0;
  }
  try {
    const options = await readOptions(program.args[0], flags);
    const shown = await progress(flags);
    const result = await interruptible((signal) => build({ ...options, project }, shown, signal));
    process.stdout.write(flags.json ? `${JSON.stringify(result, undefined, 2)}\n` : summary(result));
    return 0;
  } catch (error) {
    process.stderr.write(flags.json ? `${JSON.stringify(errorDocument(error))}\n` : `${describeError(error)}\n`);
    return isStackError(error) ? error.exit : ExitCode.failed;
  }
}

async function readOptions(file: string | undefined, flags: Flags): Promise<BuildOptions> {
  if (flags.arch === "arm64") {
    throw new StackError("unsupported-architecture", "templates for arm64 can't be built yet", {
      hint: "leave --arch out: templates are for amd64",
      exit: ExitCode.usage,
    });
  }
  const path = file ?? join(project, "stack", "stock-analysis.yaml");
  const { definition, text } = readDefinition(await readDefinitionText(path), path, flags.set);
  return {
    definition: { file: path, text, folder: resolvePath(dirname(path)) },
    model: resolve(definition),
    out: resolvePath(flags.out),
    format: flags.format,
    cache: cacheFolder(process.env),
    cacheLimit: defaultCacheLimit,
    offline: flags.offline === true,
  };
}

function repeated(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

async function readDefinitionText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (!isErrno(error, "ENOENT", "EISDIR", "EACCES", "ENOTDIR")) throw error;
    throw new StackError("no-definition", `${path} can't be read: ${messageOf(error)}`, {
      hint: "name a stack.yaml; stack/stock-analysis.yaml is a whole one",
      exit: ExitCode.usage,
    });
  }
}

/** Ctrl-C and SIGTERM end the running commands; the temporary files go before the program ends. */
async function interruptible<T>(use: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let exit: number | undefined;
  const stop = (name: NodeJS.Signals): void => {
    exit ??= name === "SIGINT" ? ExitCode.interrupted : ExitCode.terminated;
    controller.abort(`received ${name}`);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of signals) process.on(name, stop);
  try {
    return await use(controller.signal);
  } catch (error) {
    if (exit === undefined) throw error;
    throw new StackError("aborted", "stopped; nothing is left behind", { exit });
  } finally {
    for (const name of signals) process.off(name, stop);
  }
}

async function progress(flags: Flags): Promise<Progress> {
  const write = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  if (!process.stderr.isTTY || !process.stdout.isTTY || flags.json) return plainProgress(write);
  const { terminalProgress } = await import("./progress/terminal.ts");
  return terminalProgress(write);
}

function summary({ template, manifest, deploy, document }: BuildResult): string {
  const size = ((document.template?.bytes ?? 0) / 1e6).toFixed(0);
  return [
    "",
    `template  ${template} (${size} MB)`,
    `sha256    ${document.template?.sha256}`,
    `manifest  ${manifest}`,
    `deploy    ${deploy}`,
    ...document.deviations.map((sentence) => `DEVIATION ${sentence}`),
    "",
  ].join("\n");
}

async function projectVersion(): Promise<string> {
  const text = await readFile(join(project, "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

outliveReaders(process);
process.exitCode = await main(process.argv.slice(2));
