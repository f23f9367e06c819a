import { isMirrorTrouble } from "../../lib/apt/explain-apt.ts";
import { readAptFaults } from "../../lib/apt/read-apt-faults.ts";
import { isStackError, StackError } from "../../lib/error.ts";
import { retry } from "../../lib/retry.ts";
import { type GoneFile, readGone, writeGone } from "./gone-files.ts";
import { type Apt, type OpenAptOptions, openApt } from "./open-apt.ts";

export interface FetchPackagesOptions extends OpenAptOptions {
  /** Name → version of every package wanted. */
  readonly versions: Readonly<Record<string, string>>;
  /** Where resolutions are kept. */
  readonly record: string;
  /** Milliseconds between tries; see `retry`. */
  readonly waits?: readonly number[] | undefined;
}

/**
 * Downloads packages, each verified by apt, into `packages`. What fails is asked for again with a
 * fresh index; what came stays. A file that the archives name and still haven't is noted, so
 * that `resolvePackages` leaves its version out while they are as they are.
 *
 * @throws StackError `package-gone`, `mirror-changed` where another version is named now: both want
 *   a new resolution; `mirror-unreachable`, `mirror-out-of-step`, `untrusted-archive`, `work-full`
 */
export async function fetchPackages(options: FetchPackagesOptions): Promise<Apt> {
  const { versions, log, signal, waits } = options;
  const apt = await openApt(options);
  const wanted = Object.entries(versions).map(([name, version]) => `${name}=${version}`);
  const attempt = async (number: number): Promise<void> => {
    if (number > 1 || !(await apt.updated())) await apt.update();
    await apt.apt("apt-get", ["--quiet", "download", ...wanted]).catch(explainVersions);
  };
  try {
    await retry(attempt, { passing: isMirrorTrouble, log, signal, waits });
  } catch (error) {
    if (!isStackError(error) || error.code !== "package-gone") throw error;
    throw await noted(error, apt, options);
  }
  return apt;
}

/** The index that was asked again may name other versions than the resolution. */
function explainVersions(error: unknown): never {
  const other = /^E: (?:Version '\S+' for '(\S+)' was not found|Unable to locate package (\S+))/;
  const names = isStackError(error)
    ? error.detail.flatMap((line) => other.exec(line)?.slice(1).find(Boolean) ?? [])
    : [];
  if (names.length === 0) throw error;
  throw new StackError("mirror-changed", `the archive has other versions now of ${names.join(", ")}`, {
    hint: "build again",
  });
}

async function noted(
  error: StackError,
  apt: Apt,
  { versions, record }: Pick<FetchPackagesOptions, "versions" | "record">,
): Promise<StackError> {
  const states = await apt.states();
  const missing: GoneFile[] = [];
  for (const { package: name, url } of readAptFaults(error.detail)) {
    const version = name === undefined ? undefined : versions[name];
    if (name === undefined || url === undefined || version === undefined) continue;
    const { stdout } = await apt.apt("apt-cache", ["show", `${name}=${version}`]);
    const field = (of: string): string | undefined => new RegExp(`^${of}: (\\S+)`, "m").exec(stdout)?.[1];
    missing.push({ name, version, url, source: field("Source") ?? name, sha256: field("SHA256") ?? "" });
  }
  const known = (await readGone(record, states)).filter(({ url }) => missing.every((one) => one.url !== url));
  await writeGone(record, states, [...known, ...missing]);
  const names = missing.map(({ name, version }) => `${name} ${version}`);
  return new StackError("package-gone", `${names.join(", ")}: the archive names it, and its file can't be had`, {
    detail: error.detail,
    hint: error.hint,
  });
}
