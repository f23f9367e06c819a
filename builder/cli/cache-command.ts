import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Command, Option } from "commander";
import { carryOut, daysArgument, readCommandLine, writeJson } from "../../lib/cli/command-line.ts";
import { ageText, bytesText, columns } from "../../lib/cli/text.ts";
import { ExitCode } from "../../lib/error.ts";
import { cacheHome } from "../cache/cache-home.ts";
import { type CacheEntry, listCache } from "../cache/list-cache.ts";
import { defaultCacheLimit, pruneCache } from "../cache/prune-cache.ts";
import { shortKey } from "./short-key.ts";
import { sizeArgument } from "./size-argument.ts";

const help = `
Every build leaves its layers here, ready compressed, so that the next one makes only what
changed. After a build what was used longest ago goes until the rest fits
(build-template --cache-limit). All of it may be removed at any time.

Examples:
  build-template cache ls
  build-template cache prune                   down to the limit
  build-template cache prune --older-than 30   what no build took for 30 days
  build-template cache prune --all --dry-run   what emptying it would free

Exit codes: 0 done, 1 failed, 64 unknown option.
`;

interface PruneFlags {
  readonly all?: true;
  readonly keep?: number;
  readonly olderThan?: number;
  readonly dryRun?: true;
  readonly json?: true;
}

/** `build-template cache ls|prune`. @returns the exit code */
export async function cacheCommand(argv: readonly string[]): Promise<number> {
  const folder = cacheHome(process.env);
  let use: (() => Promise<number>) | undefined;
  const command = new Command("build-template cache")
    .description(`What earlier builds left for the next ones, in ${folder}`)
    .addHelpText("after", help)
    .helpCommand(false)
    .configureHelp({ visibleCommands: (shown) => [...shown.commands] });
  const subcommand = (name: string): Command =>
    command.command(name).exitOverride().helpOption("--help", "print this and end");
  subcommand("ls")
    .description("list the layers, the last used first")
    .option("--json", "print them as one JSON object")
    .action((flags: { json?: true }) => {
      use = () => carryOut(flags.json === true, () => list(folder, flags.json === true));
    });
  subcommand("prune")
    .description("remove layers, those used longest ago first")
    .option("--all", "all of them, and what is known of Debian's archive")
    .addOption(
      new Option("--keep <size>", `what may stay (default: ${bytesText(defaultCacheLimit)})`)
        .argParser(sizeArgument)
        .conflicts("all"),
    )
    .addOption(
      new Option("--older-than <days>", "what no build took for so long, and no more unless --keep says so")
        .argParser(daysArgument)
        .conflicts("all"),
    )
    .option("--dry-run", "only tell what would go")
    .option("--json", "print what went as one JSON object")
    .action((flags: PruneFlags) => {
      use = () => carryOut(flags.json === true, () => prune(folder, flags));
    });
  const ended = readCommandLine(command, argv);
  if (ended !== undefined) return ended;
  return use === undefined ? ExitCode.usage : use();
}

async function list(folder: string, json: boolean): Promise<number> {
  const entries = await listCache(folder);
  if (json) {
    writeJson({ schemaVersion: 1, folder, bytes: total(entries), layers: entries.map(entryDocument) });
    return 0;
  }
  const now = Date.now();
  const rows = entries.map(({ name, key, bytes, entries: count, seconds, used }) => [
    ...[name, shortKey(key), bytesText(bytes), String(count), `${seconds.toFixed(1)} s`, `${ageText(now - used)} ago`],
  ]);
  if (rows.length > 0) rows.unshift(["LAYER", "KEY", "SIZE", "ENTRIES", "BUILT IN", "LAST USED"]);
  process.stdout.write(`${columns(rows)}${entries.length} layers, ${bytesText(total(entries))} in ${folder}\n`);
  return 0;
}

async function prune(folder: string, { all, keep, olderThan, dryRun, json }: PruneFlags): Promise<number> {
  const dry = dryRun === true;
  const limit = all ? 0 : (keep ?? (olderThan === undefined ? defaultCacheLimit : Number.POSITIVE_INFINITY));
  const gone = await pruneCache(folder, { limit, dry, ...(olderThan !== undefined && { unusedFor: olderThan }) });
  if (all && !dry) await rm(join(folder, "resolutions"), { recursive: true, force: true });
  if (json) {
    writeJson({ schemaVersion: 1, folder, dryRun: dry, bytes: total(gone), layers: gone.map(entryDocument) });
    return 0;
  }
  const now = Date.now();
  const rows = gone.map(({ name, key, bytes, used }) => [
    ...[name, shortKey(key), bytesText(bytes), `used ${ageText(now - used)} ago`],
  ]);
  const verb = dry ? "would be removed" : "removed";
  process.stdout.write(`${columns(rows)}${gone.length} layers, ${bytesText(total(gone))} ${verb}\n`);
  return 0;
}

function entryDocument({ folder, name, key, bytes, entries, seconds, used }: CacheEntry) {
  return { folder, name, key, bytes, entries, seconds, used: new Date(used).toISOString() };
}

function total(entries: readonly CacheEntry[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, 0);
}
