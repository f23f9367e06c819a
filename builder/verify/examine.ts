import { isStackError, messageOf } from "../../lib/error.ts";
import { TypeFlag } from "../archive/header.ts";
import { readArchive } from "../archive/read-archive.ts";
import { type Check, failed, passed, unchecked } from "./check.ts";
import type { Probe } from "./probes/probe.ts";

/** What an archive's members showed. */
export interface Examined {
  /** Members that could be read. */
  readonly members: number;
  /** Whether it was read to its end. */
  readonly whole: boolean;
  /** That it can be read, and what each probe says. */
  readonly checks: readonly Check[];
}

/**
 * Shows an archive to probes as it flows by; memory grows with the number of names only.
 *
 * @param archive its uncompressed bytes; an error `damaged` from it is the archive's fault
 */
export async function examine(archive: AsyncIterable<Buffer>, probes: readonly Probe[]): Promise<Examined> {
  const whole = { name: "archive", title: "can be read to its end" };
  let members = 0;
  try {
    for await (const { member, rawName, content } of readArchive(archive)) {
      members++;
      for (const probe of probes) probe.member?.({ member, rawName });
      if (member.type !== TypeFlag.file) continue;
      const readers = probes.flatMap((probe) => probe.content?.({ member }) ?? []);
      for await (const chunk of content) for (const reader of readers) reader(chunk);
    }
  } catch (error) {
    if (!isStackError(error) || !["bad-archive", "damaged"].includes(error.code)) throw error;
    const unread = probes.map((probe) => unchecked(probe, "the archive could not be read to its end"));
    return { members, whole: false, checks: [failed(whole, [messageOf(error)]), ...unread] };
  }
  const checks = probes.map((probe) => {
    const findings = probe.findings();
    return findings.length === 0 ? passed(probe) : failed(probe, findings);
  });
  return { members, whole: true, checks: [passed(whole), ...checks] };
}
