import { join } from "node:path/posix";
import { serviceSettings } from "../../../stack/containers/service-settings.ts";
import type { Model, ServiceModel } from "../../../stack/model.ts";
import { currentLink } from "../../../stack/releases.ts";
import type { Entry } from "../../archive/archive-of-entries.ts";
import { healthcheck, type ImageSpec, searchPath } from "./image-spec.ts";

/** Where a service finds its secrets, a file each: where compose and Docker put theirs. */
export const secretsFolder = "/run/secrets";

/** Asks the container's own service for its health. */
export const healthProgram = "/usr/local/bin/stack-healthcheck";

export interface ServiceImageSources {
  readonly model: Model;
  /** Packages of the definition that are no tools of developers'. */
  readonly packages: readonly string[];
  /** Files of the user's own that are no units. */
  readonly own: readonly Entry[];
  /** The program at `healthProgram`. */
  readonly healthText: string;
}

/** The image of a service: what its unit says, for a container. */
export function serviceImage(
  service: ServiceModel,
  { model, packages, own, healthText }: ServiceImageSources,
): ImageSpec {
  const { name, port, id, venv, folder } = service;
  const process = model.processes.find(({ unit }) => unit === service.unit);
  const environment = [
    { name: "LANG", value: model.definition.locale },
    { name: "TZ", value: model.definition.timezone },
    ...(process?.environment ?? []),
    { name: "STACK_SECRETS_DIR", value: secretsFolder },
    ...serviceSettings(model, service),
  ];
  const current = currentLink({ folder });
  const [program = "", ...rest] = service.command;
  return {
    name,
    title: process?.title ?? name,
    packages: ["python3", "libpq5", ...packages],
    folders: [
      ...(venv === undefined ? [] : [{ layer: `venv-${name}`, path: venv }]),
      { layer: `code-${name}`, path: folder },
    ],
    files: [...own, { path: healthProgram, mode: 0o755, content: { kind: "text", text: healthText } }],
    config: {
      User: `${id}:${id}`,
      ExposedPorts: { [`${port}/tcp`]: {} },
      Env: [searchPath, ...environment.map((variable) => `${variable.name}=${variable.value}`)],
      Entrypoint: [program.includes("/") ? join(current, program) : program, ...rest],
      WorkingDir: current,
      StopSignal: process?.stop?.value.signal ?? "SIGTERM",
      Healthcheck: healthcheck([healthProgram, `${port}`, service.health], {
        ...{ interval: 5, timeout: 3, start: 30, retries: 3 },
      }),
    },
  };
}
