/** What Proxmox's warnings mean here, by what they say. */
const meanings: readonly (readonly [says: RegExp, means: string])[] = [
  [
    // PVE::LXC::Setup::Base: of every container with a newer systemd and nesting=0.
    /^Systemd \d+ detected\. You may need to enable nesting/,
    "not here: the stack's units do without it, and are tested without it",
  ],
];

/** The warnings in a task's log, each with what it means here where that is known. */
export function taskWarnings(log: readonly string[]): readonly string[] {
  return log.flatMap((line) => {
    const text = /^WARN(?:ING)?: *(.*)$/.exec(line)?.[1];
    if (text === undefined) return [];
    const meaning = meanings.find(([says]) => says.test(text))?.[1];
    return [meaning === undefined ? text : `${text} (${meaning})`];
  });
}
