/** Where files are that belong to no package, and that every image has: what packages' scripts have made. */
const shared =
  /^\.\/(?:etc(?!\/(?:systemd|apt|apparmor\.d|ssh|dpkg|postgresql|redis|rabbitmq|default|init\.d|rc[0-6S]\.d)(?:\/|$))|usr\/(?:bin|sbin|lib\/locale|local)|bin|sbin|lib|lib64)(?:\/|$)/;

/** Accounts: on top of an image, so that another service changes no layer below. */
export const accountFiles: ReadonlySet<string> = new Set(
  ["passwd", "group", "shadow", "gshadow"].map((name) => `./etc/${name}`),
);

export const statusFile = "./var/lib/dpkg/status";

/**
 * Says whose each path of a base is.
 *
 * @param lists of dpkg: by the package's name the paths in it, absolute
 * @returns the packages' names; `undefined` of what no image has, an empty list of what all have
 */
export function pathOwners(
  lists: ReadonlyMap<string, readonly string[]>,
): (name: string) => readonly string[] | undefined {
  const owners = new Map<string, string[]>();
  for (const [name, paths] of lists) {
    for (const path of paths) {
      const place = merged(`.${path}`);
      const known = owners.get(place);
      if (known === undefined) owners.set(place, [name]);
      else known.push(name);
    }
  }
  return (path) => {
    const info = /^\.\/var\/lib\/dpkg\/info\/([^:/]+?)(?::\w+)?\.\w+$/.exec(path)?.[1];
    if (info !== undefined) return lists.has(info) ? [info] : undefined;
    const place = merged(path);
    const own = owners.get(place) ?? owners.get(sourceOf(place));
    if (own !== undefined) return own;
    if (accountFiles.has(path) || /-$/.test(path) || path.includes("/__pycache__")) return undefined;
    return path === "." || shared.test(path) ? [] : undefined;
  };
}

/** Packages of Debian 12 name files below /bin and /lib, which are links to those below /usr. */
function merged(path: string): string {
  const match = /^\.\/(bin|sbin|lib|lib32|lib64|libx32)(\/.*)$/.exec(path);
  return match === null ? path : `./usr/${match[1]}${match[2]}`;
}

/** Of byte code that was made when a package was installed, the module beside it; of its folder, the one above. */
function sourceOf(path: string): string {
  return path.replace(/\/__pycache__(?:\/([^/]+)\.cpython-\d+(?:\.opt-\d)?\.pyc)?$/, (_, module?: string) =>
    module === undefined ? "" : `/${module}.py`,
  );
}
