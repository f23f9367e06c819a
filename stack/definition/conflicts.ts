import { ownJobNames } from "../components/agent/own-job-names.ts";
import type { AnyComponent } from "../components/component.ts";
import { isExternal } from "../components/form-of.ts";
import { dependencies } from "../components/index.ts";
import { alertmanagerReader } from "../components/metrics/alertmanager-config.ts";
import { type DependencyName, dependencyNames } from "../components/names.ts";
import { placedPorts } from "../components/ports.ts";
import { serviceUser } from "../components/services/model.ts";
import { reservedNames } from "../health-groups.ts";
import { presentIn } from "../resolve.ts";
import { clusterFaults } from "./cluster-faults.ts";
import type { Fault } from "./fault.ts";

interface Claim {
  readonly port: number;
  readonly who: string;
  /** Empty where no setting has it. */
  readonly path: readonly PropertyKey[];
}

/**
 * What is wrong between settings that are each fine alone. Looks at the data as it was
 * read, valid or not, so that these faults come together with the schema's.
 */
export function conflicts(data: unknown): Fault[] {
  const root = asRecord(data);
  return [
    ...portConflicts(root),
    ...takenNames(root),
    ...absentNeeds(root),
    ...secretFaults(root),
    ...receiverFaults(root),
    ...jobFaults(root),
    ...idleSettings(root),
    ...idleVolumes(root),
    ...ownSettings(root),
    ...foreignPrograms(root),
    ...nothingToRun(root),
    ...nothingToBackUp(root),
    ...clusterFaults(root),
  ];
}

function portConflicts(root: Record<string, unknown>): Fault[] {
  const all = claims(root);
  const taken = new Map(all.flatMap(({ port, who, path }) => (path.length === 0 ? [[port, who]] : [])));
  const faults: Fault[] = [];
  for (const { port, who, path } of all.filter(({ path }) => path.length > 0)) {
    const owner = taken.get(port);
    if (owner === undefined) taken.set(port, who);
    else faults.push({ path, message: `port ${port} is also ${owner}'s; a free one is ${free(port, taken)}` });
  }
  return faults;
}

/** Databases first: it is the service that has to give way. */
function claims(root: Record<string, unknown>): Claim[] {
  const found: Claim[] = [];
  const claim = (who: string, path: readonly PropertyKey[], port: unknown, fallback?: number): void => {
    const value = port ?? fallback;
    if (typeof value === "number") found.push({ port: value, who, path });
  };
  for (const component of presentIn(root)) {
    const { name, settings } = component;
    const section = { ...settings.parse({}), ...asRecord(root[name]) };
    for (const { port, spec, path, number } of placedPorts(component, section)) {
      const who = `${spec.who ?? spec.what}${number === undefined ? "" : ` ${number}`}`;
      found.push({ port, who, path: path.length === 0 ? [] : [name, ...path] });
    }
  }
  if (root.metrics !== undefined) {
    claim("Prometheus", ["metrics", "port"], asRecord(root.metrics).port, 9090);
    claim("Alertmanager", ["metrics", "alertmanagerPort"], asRecord(root.metrics).alertmanagerPort, 9093);
  }
  if (root.cluster !== undefined) {
    claim("a member's that waits for another one", ["cluster", "joinPort"], asRecord(root.cluster).joinPort, 8090);
  }
  claim("the agent", ["agent", "port"], asRecord(root.agent).port, 8000);
  for (const [name, service] of Object.entries(asRecord(root.services))) {
    claim(`service ${name}`, ["services", name, "port"], asRecord(service).port);
  }
  return found;
}

function free(port: number, taken: ReadonlyMap<number, string>): number {
  let candidate = port + 1;
  while (taken.has(candidate)) candidate++;
  return candidate;
}

function takenNames(root: Record<string, unknown>): Fault[] {
  return Object.keys(asRecord(root.services))
    .filter((name) => reservedNames.includes(name))
    .map((name) => ({
      path: ["services", name],
      message: `"${name}" is what health calls a part of the stack; give the service another name`,
    }));
}

function absentNeeds(root: Record<string, unknown>): Fault[] {
  const faults: Fault[] = [];
  for (const [name, service] of Object.entries(asRecord(root.services))) {
    const needs = asRecord(service).needs;
    for (const [index, need] of (Array.isArray(needs) ? needs : []).entries()) {
      if (typeof need === "string" && root[need] === undefined && isDependency(need)) {
        faults.push({
          path: ["services", name, "needs", index],
          message: `this stack has no ${need}; add a section "${need}: {}" or leave it out here`,
        });
      }
    }
  }
  return faults;
}

/** A credential of a name that a service has already, or for one that isn't there. */
function secretFaults(root: Record<string, unknown>): Fault[] {
  const named = Object.keys(asRecord(root.services));
  const services = root.metrics === undefined ? named : [...named, alertmanagerReader];
  return Object.entries(asRecord(root.secrets)).flatMap(([name, secret]): Fault[] => {
    const { for: readers } = asRecord(secret);
    return [
      ...(ownCredentials.has(name)
        ? [{ path: ["secrets", name], message: "is a credential of the stack's own; choose another name", atKey: true }]
        : []),
      ...(Array.isArray(readers) ? readers : []).flatMap((reader, index) =>
        typeof reader !== "string" || services.includes(reader)
          ? []
          : [
              {
                path: ["secrets", name, "for", index],
                message: `there is no service "${reader}"; there are ${services.join(", ") || "none"}`,
              },
            ],
      ),
    ];
  });
}

/** A receiver's password or token that nobody is asked for. */
function receiverFaults(root: Record<string, unknown>): Fault[] {
  const secrets = asRecord(root.secrets);
  return Object.entries(asRecord(asRecord(root.metrics).receivers)).flatMap(([name, ways]) =>
    Object.entries(asRecord(ways)).flatMap(([way, settings]): Fault[] => {
      const { secret } = asRecord(settings);
      if (typeof secret !== "string") return [];
      const { for: readers } = asRecord(secrets[secret]);
      if (Array.isArray(readers) && readers.includes(alertmanagerReader)) return [];
      const message = `is no secret that is for ${alertmanagerReader}; add it to the section secrets: ${secret}: {for: [${alertmanagerReader}]}`;
      return [{ path: ["metrics", "receivers", name, way, "secret"], message }];
    }),
  );
}

/** A job that is called like one of the stack's own, or of nobody's account. */
function jobFaults(root: Record<string, unknown>): Fault[] {
  const users = jobUsers(root);
  return Object.entries(asRecord(root.jobs)).flatMap(([name, job]): Fault[] => {
    const { user } = asRecord(job);
    return [
      ...(ownJobNames.includes(name)
        ? [{ path: ["jobs", name], message: "is a job of the stack's own; choose another name", atKey: true }]
        : []),
      ...(typeof user !== "string" || users.includes(user)
        ? []
        : [{ path: ["jobs", name, "user"], message: `there is no account "${user}"; there are ${users.join(", ")}` }]),
    ];
  });
}

/** Accounts that are sure to be there: root's, the services', and those of the components' packages. */
function jobUsers(root: Record<string, unknown>): readonly string[] {
  return [
    "root",
    ...Object.keys(asRecord(root.services)).map(serviceUser),
    ...presentIn(root).flatMap(({ packagedAccounts = [] }) =>
      packagedAccounts.flatMap(({ name, user }) => (user === undefined ? [] : [name])),
    ),
  ];
}

/** Names of the credentials that components lend, in this stack or not. */
const ownCredentials: ReadonlySet<string> = new Set(
  (dependencies as readonly AnyComponent[]).flatMap(({ connection }) => connection.credential?.name ?? []),
);

/** Settings of a service that are a component's, where the service has nothing of that. */
function idleSettings(root: Record<string, unknown>): Fault[] {
  const components: readonly AnyComponent[] = dependencies;
  return Object.entries(asRecord(root.services)).flatMap(([service, section]) =>
    components.flatMap(({ name, strictServiceSettings = [] }) => {
      const { needs, ...settings } = asRecord(section);
      const needless = Array.isArray(needs) && !needs.includes(name);
      if (root[name] !== undefined && !needless) return [];
      const why = needless ? `this service does not need ${name}` : `this stack has no ${name}`;
      return strictServiceSettings
        .filter((setting) => settings[setting] !== undefined)
        .map((setting) => {
          return {
            path: ["services", service, setting],
            message: `${why}, whose setting this is; leave it out here`,
          };
        });
    }),
  );
}

/** Settings of a server of the stack's own, where the servers are somebody else's. */
function ownSettings(root: Record<string, unknown>): Fault[] {
  return presentIn(root).flatMap(({ name, external }) => {
    const section = asRecord(root[name]);
    if (external === undefined || !isExternal(section)) return [];
    return external.ownSettings
      .filter((setting) => section[setting] !== undefined)
      .map((setting) => ({
        path: [name, setting],
        message: "is of a server of the stack's own; leave it out beside `external`",
        atKey: true,
      }));
  });
}

function idleVolumes(root: Record<string, unknown>): Fault[] {
  return Object.keys(asRecord(asRecord(root.container).volumes))
    .filter((name) => isDependency(name) && (root[name] === undefined || isExternal(root[name])))
    .map((name) => ({
      path: ["container", "volumes", name],
      message:
        root[name] === undefined
          ? `this stack has no ${name}; add a section "${name}: {}" or leave it out here`
          : `${name} is external and has no data here; leave it out here`,
    }));
}

/** A program is run in the place of a Python module, and is not the reference service's. */
function foreignPrograms(root: Record<string, unknown>): Fault[] {
  return Object.entries(asRecord(root.services)).flatMap(([name, service]) => {
    const { command, module, source } = asRecord(service);
    if (command === undefined) return [];
    const path = ["services", name, "command"];
    if (module !== undefined) return [{ path, message: "this service has a module; leave one of the two out" }];
    if (source !== undefined && source !== "reference") return [];
    return [{ path, message: "needs `source`, the folder beside stack.yaml that the program is in" }];
  });
}

function nothingToRun(root: Record<string, unknown>): Fault[] {
  const services = root.services;
  if (services === undefined || services === null || Object.keys(asRecord(services)).length > 0) return [];
  return [{ path: ["services"], message: "has no service; a stack runs at least one" }];
}

function nothingToBackUp(root: Record<string, unknown>): Fault[] {
  if (root.backup === undefined) return [];
  if (isExternal(root.postgres)) {
    return [{ path: ["backup"], message: "postgres is external: it is backed up where it is; leave it out here" }];
  }
  if (root.postgres !== undefined) return [];
  return [{ path: ["backup"], message: "this stack has no postgres, which is what is backed up; leave it out here" }];
}

function isDependency(name: string): name is DependencyName {
  return (dependencyNames as readonly string[]).includes(name);
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
