import { serviceAccountIds } from "../../account-ids.ts";
import type { Definition, ServiceSettings } from "../../definition/schema.ts";
import { type DependencyName, dependencyNames, type Model, type ServiceModel } from "../../model.ts";

type Parts = Pick<Model, "name" | "paths" | "postgres" | "redis" | "rabbitmq">;

/** A dependency's credential as the service sees it, and the secret behind it. */
const credentials: Readonly<Record<DependencyName, ServiceModel["credentials"][number]>> = {
  postgres: { name: "postgres_password", secret: "postgres.app" },
  redis: { name: "redis_password", secret: "redis.auth" },
  rabbitmq: { name: "rabbitmq_password", secret: "rabbitmq.app" },
};

/** The services in the order of their names' declaration, each with its unit, user, paths and needs. */
export function servicesModel(definition: Definition, parts: Parts): ServiceModel[] {
  const present = dependencyNames.filter((name) => parts[name] !== undefined);
  const ids = serviceAccountIds(Object.keys(definition.services));
  return Object.entries(definition.services).map(([name, settings]) => ({
    ...serviceModel(name, settings, parts, present),
    id: ids.get(name) ?? 0,
  }));
}

function serviceModel(
  name: string,
  settings: ServiceSettings,
  parts: Parts,
  present: readonly DependencyName[],
): Omit<ServiceModel, "id"> {
  const needs = settings.needs ?? present;
  const units: Readonly<Record<DependencyName, readonly string[]>> = {
    postgres: parts.postgres ? [parts.postgres.unit] : [],
    redis: parts.redis?.nodes.map((node) => node.unit) ?? [],
    rabbitmq: parts.rabbitmq ? [parts.rabbitmq.unit] : [],
  };
  return {
    name,
    port: settings.port,
    user: `svc-${name}`,
    unit: `${parts.name}-${name}.service`,
    module: settings.module,
    notify: settings.notify,
    needs,
    after: needs.flatMap((need) => units[need]),
    queue: parts.rabbitmq?.queues.find((queue) => queue.service === name),
    venv: `${parts.paths.opt}/venvs/${name}`,
    application: `${parts.paths.opt}/services/${name}`,
    envFile: `${parts.paths.config}/${name}.env`,
    credentials: needs.map((need) => credentials[need]),
    source: settings.source,
  };
}
