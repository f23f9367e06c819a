/** One pinned requirement of a lock with hashes. */
export interface LockedPackage {
  /** As PyPI normalises names: lower case, with hyphens. */
  readonly name: string;
  readonly version: string;
  /** Hex sha256 of the files that the lock allows: wheels, source archive. */
  readonly sha256: readonly string[];
}

/** Reads a requirements file as `uv pip compile --generate-hashes` writes it; other lines are passed over. */
export function readPythonLock(text: string): LockedPackage[] {
  return text
    .replace(/\\\r?\n/g, " ")
    .split(/\r?\n/)
    .flatMap((line) => {
      const [, name, version] = /^\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*===?\s*([^\s;#\\]+)/.exec(line) ?? [];
      if (name === undefined || version === undefined) return [];
      const sha256 = [...line.matchAll(/--hash=sha256:([0-9a-f]{64})/g)].flatMap(([, hash]) => hash ?? []);
      return [{ name: name.toLowerCase().replace(/[-_.]+/g, "-"), version, sha256 }];
    });
}
