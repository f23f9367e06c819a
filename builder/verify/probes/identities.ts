import { basename } from "node:path";
import { emptyFolders, identities } from "../../../stack/components/identities.ts";
import { TypeFlag } from "../../archive/header.ts";
import { faultList, type Probe } from "./probe.ts";

/** What only an instance may have, or only the building machine had. Folders are in `empty`. */
const absent: readonly RegExp[] = [
  /^etc\/(hostname|mailname|resolv\.conf)$/,
  /^etc\/ssh\/ssh_host_/,
  /^etc\/ssl\/(private\/ssl-cert-snakeoil\.key|certs\/ssl-cert-snakeoil\.pem)$/,
  /^etc\/(passwd|shadow|group|gshadow|subuid|subgid)-$/,
  /^(root|home\/[^/]+)\/\.(bash_history|python_history|psql_history|wget-hsts|lesshst|viminfo)$/,
  /^(root|home\/[^/]+)\/\.(ssh|gnupg|aws|docker|config|cache|kube)\/./,
  /(^|\/)\.(netrc|pgpass|git-credentials)$/,
  /^(root|home\/[^/]+)\/\.npmrc$/,
  /^etc\/(pip\.conf|uv\/uv\.toml)$/,
  /^var\/lib\/systemd\/(random-seed|credential\.secret)$/,
  /^var\/lib\/dbus\/machine-id$/,
  /^var\/lib\/stack-agent\/(state\.json$|secrets\/.)/,
];

/** Folders that are there, if at all, with nothing in them. */
const empty = [
  "mnt",
  "run",
  "tmp",
  "var/tmp",
  "var/cache/apt",
  "var/lib/apt/lists",
  ...emptyFolders.map(({ path }) => path.slice(1)),
];

/** Those in which packages bring folders; it is files that hold something. */
const withFolders = new Set(emptyFolders.flatMap(({ path, packaged }) => (packaged ? [path.slice(1)] : [])));

/** Names of files that a component's packages make, which none has anywhere. */
const identityNames = new Set(identities.flatMap((path) => (path.endsWith("/*") ? [] : [basename(path)])));

const maxText = 64 * 1024;

interface IdentitiesAsked {
  readonly rootfs: boolean;
  readonly folders?: boolean;
}

/**
 * No identity and nothing of a first boot: each container makes its own.
 *
 * @param rootfs whether the archive is a whole system, which keeps its journal
 * @param folders whether empty folders may lie where servers have their files: of an image, whose server makes none
 */
export function identitiesProbe({ rootfs, folders = false }: IdentitiesAsked): Probe {
  const faults = faultList();
  const texts = new Map<string, string>();
  let journal = false;
  return {
    name: "identities",
    title: "no machine id, host key, cookie, password, log or trace of a user",
    member: ({ member: { name, type } }) => {
      const path = name.slice(2);
      if (absent.some((one) => one.test(path)) || identityNames.has(basename(path))) faults.add(`/${path} is there`);
      const folder = empty.find((one) => path.startsWith(`${one}/`));
      if (folder !== undefined && (type !== TypeFlag.directory || !(folders || withFolders.has(folder)))) {
        faults.add(`/${folder} is not empty: ${path.slice(folder.length + 1)}`);
      }
      if (path.startsWith("var/log/") && type === TypeFlag.file) faults.add(`/${path} is a log`);
      if (path === "var/log/journal" && type === TypeFlag.directory) journal = true;
    },
    content: ({ member: { name } }) => {
      const path = name.slice(2);
      if (!["etc/machine-id", "etc/shadow", "etc/gshadow"].includes(path)) return undefined;
      return (chunk) => {
        const before = texts.get(path) ?? "";
        texts.set(path, before + chunk.toString("latin1", 0, maxText - before.length));
      };
    },
    findings: () => {
      if ((texts.get("etc/machine-id") ?? "").trim() !== "") faults.add("/etc/machine-id has a value");
      if (rootfs && !journal) faults.add("/var/log/journal is not there: the journal would be lost at each boot");
      for (const path of ["etc/shadow", "etc/gshadow"]) {
        for (const line of (texts.get(path) ?? "").split("\n")) {
          const [name = "", password = "*"] = line.split(":");
          if (path === "etc/shadow" ? !/^[!*]/.test(password) && name !== "" : /^[^!*]/.test(password)) {
            faults.add(`/${path} has a password of ${name}`);
          }
        }
      }
      return faults.all();
    },
  };
}
