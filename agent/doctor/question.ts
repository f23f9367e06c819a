import type { Model } from "../../stack/model.ts";
import type { Circumstances, Question } from "./promises.ts";
import type { Sandbox } from "./sandboxes.ts";

/** What a machine knows of itself that its sandboxes are judged by. */
export interface Surroundings {
  /** Device and inode of its /tmp. */
  readonly temporary: string;
  /** Its addresses but loopback. */
  readonly addresses: readonly string[];
}

const homes = ["/root", "/home"];

/** All of the machine that ProtectSystem=strict makes read-only; more of it is below. */
const readOnly = ["/", "/boot", "/etc", "/opt", "/run", "/srv", "/usr", "/var", "/var/lib"];

/** Settings of the kernel that root could change, one a kind. */
const tunables = [
  "/proc/sys/kernel/core_pattern",
  "/proc/sys/kernel/domainname",
  "/proc/sys/net/ipv4/ip_forward",
  "/proc/sys/vm/overcommit_memory",
  "/proc/sysrq-trigger",
];

/** Nobody's (RFC 5737): stands for the machine's own address where it has none. */
const nowhere = "192.0.2.1";

/** What a unit of the stack must not see, by whose it is. */
export function circumstances(sandbox: Sandbox, user: string, model: Model, machine: Surroundings): Circumstances {
  const others = model.services.filter(({ unit }) => unit !== sandbox.unit);
  return {
    own: sandbox.own,
    temporary: machine.temporary,
    homes,
    inaccessible: paths(sandbox, "InaccessiblePaths"),
    secrets: [
      ...model.secrets
        .filter(({ reader }) => reader === "root" || user !== "stack-agent")
        .map(({ name }) => `${model.paths.state}/secrets/${name}`),
      ...others.flatMap(({ unit, credentials }) =>
        credentials.flatMap(({ name }) => [
          `/run/credentials/${unit}/${name}`,
          `/run/stack-credentials/${unit}/${name}`,
        ]),
      ),
      ...model.files
        .filter(({ kind, mode, owner }) => kind === "file" && (mode & 0o007) === 0 && !mayRead(owner, user, model))
        .map(({ path }) => path),
    ],
  };
}

export function question(sandbox: Sandbox, around: Circumstances, model: Model, machine: Surroundings): Question {
  const addresses = machine.addresses.length === 0 ? [nowhere] : machine.addresses;
  return {
    readOnly,
    noExec: paths(sandbox, "NoExecPaths"),
    hidden: [...around.homes, ...around.inaccessible, ...around.secrets],
    tunables,
    addresses: addresses.map((host) => [host, model.definition.agent.port] as const),
  };
}

/** Of a directive that takes paths, each with what systemd may be told of it before (systemd.exec(5)). */
function paths({ directives }: Sandbox, name: string): readonly string[] {
  return (directives.get(name) ?? []).map((path) => path.replace(/^[-+]+/, ""));
}

function mayRead(owner: string, user: string, model: Model): boolean {
  const groups = model.users.find(({ name }) => name === user)?.groups ?? [];
  return owner.split(":").some((name) => name === user || groups.some((group) => group.name === name));
}
