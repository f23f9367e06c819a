import type { UnitSection } from "../../lib/systemd/unit-section.ts";

/** What the machine must allow for a promise to be kept. */
export type Needs = "mounts" | "nesting" | "bpf";

/** What is asked of the probe program: paths, and addresses to connect to. */
export interface Question {
  readonly readOnly: readonly string[];
  readonly noExec: readonly string[];
  readonly hidden: readonly string[];
  readonly tunables: readonly string[];
  readonly addresses: readonly (readonly [host: string, port: number])[];
}

/** What the probe program could do inside a unit's sandbox. */
export interface Answer {
  readonly writable: readonly string[];
  readonly notReadOnly: readonly string[];
  readonly runs: readonly string[];
  readonly seen: readonly string[];
  /** Device and inode of /tmp. */
  readonly temporary: string;
  readonly devices: readonly string[];
  readonly tunables: readonly string[];
  readonly processes: readonly number[];
  readonly reached: readonly string[];
  readonly capabilities: boolean;
  readonly newPrivileges: boolean;
  readonly systemCalls: boolean;
  readonly namespaces: boolean;
  readonly writableCode: boolean;
}

/** What a promise is judged by beside the answer. */
export interface Circumstances {
  readonly own: readonly string[];
  /** Device and inode of the machine's /tmp. */
  readonly temporary: string;
  readonly homes: readonly string[];
  /** What the unit's InaccessiblePaths= takes from its sight. */
  readonly inaccessible: readonly string[];
  /** Files with others' secrets. */
  readonly secrets: readonly string[];
}

export interface SandboxPromise {
  readonly id: string;
  readonly title: string;
  /** The directive that promises it, and the words that do; none: whatever it is set to. */
  readonly by: string;
  readonly words?: readonly string[];
  readonly needs?: Needs;
  /** What was possible against it; nothing: kept. */
  breaches(answer: Answer, around: Circumstances): readonly string[];
}

const all = (found: boolean, what: string): readonly string[] => (found ? [what] : []);
const among = (seen: readonly string[], paths: readonly string[]) =>
  seen.filter((path) => paths.includes(path)).map((path) => `sees ${path}`);
const within = (path: string, folders: readonly string[]): boolean =>
  folders.some((folder) => path === folder || path.startsWith(`${folder}/`));

/** Everything a sandbox can promise, and how it is seen from inside. */
export const promises: readonly SandboxPromise[] = [
  {
    id: "files",
    title: "writes its own folders only",
    by: "ProtectSystem",
    words: ["strict"],
    needs: "mounts",
    breaches: ({ writable, notReadOnly }, { own }) => [
      ...notReadOnly.map((path) => `${path} is not read-only`),
      ...writable.filter((path) => !within(path, own)).map((path) => `writes ${path}`),
    ],
  },
  {
    id: "homes",
    title: "sees nobody's home",
    by: "ProtectHome",
    needs: "mounts",
    breaches: ({ seen }, { homes }) => among(seen, homes),
  },
  {
    id: "others",
    title: "sees nothing of other services",
    by: "InaccessiblePaths",
    needs: "mounts",
    breaches: ({ seen }, { inaccessible }) => among(seen, inaccessible),
  },
  {
    id: "secrets",
    title: "reads nobody else's secrets",
    by: "User",
    breaches: ({ seen }, { secrets }) => among(seen, secrets),
  },
  {
    id: "temporary",
    title: "has a /tmp of its own",
    by: "PrivateTmp",
    needs: "mounts",
    breaches: (answer, { temporary }) => all(answer.temporary === temporary, "shares the machine's /tmp"),
  },
  {
    id: "devices",
    title: "sees no devices",
    by: "PrivateDevices",
    needs: "mounts",
    breaches: ({ devices }) => devices.map((name) => `sees /dev/${name}`),
  },
  {
    id: "execution",
    title: "runs nothing it can write",
    by: "NoExecPaths",
    needs: "mounts",
    breaches: ({ runs }) => runs.map((path) => `runs what it writes to ${path}`),
  },
  {
    id: "tunables",
    title: "changes no setting of the kernel",
    by: "ProtectKernelTunables",
    needs: "nesting",
    breaches: ({ tunables }) => tunables.map((path) => `writes ${path}`),
  },
  {
    id: "processes",
    title: "sees no other user's processes",
    by: "ProtectProc",
    words: ["invisible"],
    needs: "nesting",
    breaches: ({ processes }) => all(processes.length > 0, `sees ${processes.length}, pid ${processes[0]} for one`),
  },
  {
    id: "network",
    title: "reaches this machine's loopback only",
    by: "IPAddressDeny",
    words: ["any"],
    needs: "bpf",
    breaches: ({ reached }) => reached.map((address) => `reaches ${address}`),
  },
  {
    id: "capabilities",
    title: "has no capability",
    by: "CapabilityBoundingSet",
    words: [],
    breaches: ({ capabilities }) => all(capabilities, "has capabilities"),
  },
  {
    id: "privileges",
    title: "gains no privilege",
    by: "NoNewPrivileges",
    breaches: ({ newPrivileges }) => all(newPrivileges, "setuid programs work"),
  },
  {
    id: "namespaces",
    title: "makes no namespace",
    by: "RestrictNamespaces",
    breaches: ({ namespaces }) => all(namespaces, "makes a user namespace"),
  },
  {
    id: "system-calls",
    title: "has a filter of system calls",
    by: "SystemCallFilter",
    breaches: ({ systemCalls }) => all(systemCalls, "makes any system call"),
  },
  {
    id: "memory",
    title: "has no memory both writable and executable",
    by: "MemoryDenyWriteExecute",
    breaches: ({ writableCode }) => all(writableCode, "makes such memory"),
  },
];

/** The promises that a unit's directives make. */
export function promisesOf(directives: UnitSection): SandboxPromise[] {
  return promises.filter(({ by, words }) => {
    const said = directives.get(by);
    if (said === undefined) return false;
    if (words !== undefined) return words.length === said.length && words.every((word) => said.includes(word));
    return said.length > 0 && said[0] !== "no";
  });
}
