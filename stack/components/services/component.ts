import { stackGroupId } from "../../account-ids.ts";
import type { BareModel, ServiceModel } from "../../model.ts";
import { currentLink } from "../../releases.ts";
import { checkModels } from "../check-models.ts";
import { clusterGroup } from "../cluster/model.ts";
import type { OwnPart } from "../component.ts";
import type { Process } from "../process.ts";
import { buildFile } from "../system/component.ts";
import { givenSecretsChecks, serviceHealth } from "./checks.ts";
import { metrics } from "./metrics.ts";

/** The Python services: a process and, unless it listens by itself, a socket each, static users, env files, a venv each. */
export const services: OwnPart = {
  name: "services",
  packages: () => ["python3", "python3-venv", "libpq5"],
  users: (model) =>
    model.services.map((service) => ({
      name: service.user,
      id: service.id,
      comment: `${service.name} of ${model.name}`,
      home: service.folder,
      groups: [{ name: model.name, id: stackGroupId }, ...(model.cluster === undefined ? [] : [clusterGroup])],
    })),
  ports: (model) =>
    model.services.map(({ name, port, socket }) => ({
      port,
      owner: name,
      what: "service",
      bind: "any",
      ...(socket !== undefined && { activated: true }),
    })),
  checks: ({ services, givenSecrets }) => [
    ...services.flatMap(({ name }) =>
      checkModels({ [`${name}:health`]: { proves: serviceHealth, metrics } }, "component"),
    ),
    ...(givenSecrets.length > 0 ? checkModels(givenSecretsChecks, "system") : []),
  ],
  units: (model) => [{ unit: `${model.name}.target`, want: "enabled", wantedBy: "multi-user.target" }],
  processes: (model) => model.services.map((service) => process(service, model)),
  files: (model) => [
    { path: model.paths.config, kind: "directory", mode: 0o750, owner: `root:${model.name}`, when: "build" },
    {
      ...buildFile(`${model.paths.config}/common.env`, "rootfs-overlay/etc/stack/common.env.ejs"),
      mode: 0o640,
      owner: `root:${model.name}`,
      unit: model.services.map((service) => service.unit),
    },
    ...model.services.flatMap((service) => [
      {
        ...buildFile(service.envFile, "rootfs-overlay/etc/stack/service.env.ejs"),
        mode: 0o640,
        owner: `root:${service.user}`,
        unit: service.unit,
        data: { service },
      },
    ]),
    buildFile(`/etc/systemd/system/${model.name}.target`, "units/stack.target.ejs"),
  ],
};

const restartDelay = "/usr/lib/stack-agent/restart-delay";

function process(service: ServiceModel, { name, paths, services }: BareModel): Process {
  const { unit, socket, port, user, folder } = service;
  const runFolder = `${name}/${service.name}`;
  const others = services.filter((other) => other.name !== service.name);
  return {
    unit,
    logName: service.name,
    title: `${service.name} of ${name}`,
    template: { path: "units/service.service.ejs", data: { service } },
    user,
    folder: currentLink({ folder }),
    // Relative to the working directory, which is the release itself, not the link to it: a release that is
    // put in force while this one runs takes nothing from under it.
    command: [restartDelay, "start", ...service.command],
    afterStop: [restartDelay, "note"],
    ...(service.module !== undefined && {
      environment: [
        { name: "PYTHONDONTWRITEBYTECODE", value: "1" },
        { name: "PYTHONUNBUFFERED", value: "1" },
      ],
    }),
    settings: [`${paths.config}/common.env`, service.envFile],
    credentials: [
      ...service.credentials,
      ...service.givenSecrets.map((name) => ({ name, secret: name, orEmpty: true as const })),
    ],
    ...(socket !== undefined && { socket: { unit: socket, port } }),
    runFolder,
    runFolderMode: "0755",
    keepsRunFolder: true,
    ready: service.notify ? "notify" : "executed",
    ...(service.notify && { watchdog: 30 }),
    startWithin: { value: 90, why: "The restart delay, up to 30 s, is part of the start." },
    stop: { value: { within: 15 } },
    restart: "always",
    wantedBy: `${name}.target`,
    writable: [],
    sandbox: {
      network: "any",
      noExec: ["/tmp", "/var/tmp", "/dev/shm", `/run/${runFolder}`],
      hidden: [
        others.flatMap((other) => [other.folder, ...(other.venv === undefined ? [] : [other.venv])]),
        [paths.state, "/etc/stack-agent"],
      ],
    },
  };
}
