import { stackGroupId } from "../../account-ids.ts";
import { checkModels } from "../check-models.ts";
import type { OwnPart } from "../component.ts";
import { buildFile } from "../system/component.ts";

/** What a service's check has seen when it passes. */
export const serviceHealth = "the service answers its own /health, and that passes";

/** The Python services: one unit template, static users, env files, a venv each. */
export const services: OwnPart = {
  name: "services",
  packages: () => ["python3", "python3-venv", "libpq5"],
  users: (model) =>
    model.services.map((service) => ({
      name: service.user,
      id: service.id,
      comment: `${service.name} of ${model.name}`,
      home: service.application,
      groups: [{ name: model.name, id: stackGroupId }],
    })),
  ports: (model) =>
    model.services.map((service) => ({ port: service.port, owner: service.name, what: "service", bind: "any" })),
  checks: ({ services }) =>
    services.flatMap(({ name }) => checkModels({ [`${name}:health`]: { proves: serviceHealth } }, "component")),
  units: (model) => [
    { unit: `${model.name}.target`, want: "enabled", wantedBy: "multi-user.target" },
    ...model.services.map(
      (service) =>
        ({
          unit: service.unit,

          want: "enabled",
          wantedBy: `${model.name}.target`,
          running: true,
        }) as const,
    ),
  ],
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
      {
        ...buildFile(`/etc/systemd/system/${service.unit}`, "units/service.service.ejs"),
        unit: service.unit,
        data: { service },
      },
    ]),
    buildFile(`/etc/systemd/system/${model.name}.target`, "units/stack.target.ejs"),
  ],
};
