import { serviceAccountIds } from "../../account-ids.ts";
import type { ServiceSettings } from "../../definition/schema.ts";
import type { BaseModel, DependencyName, GivenSecret, ServiceDependency, ServiceModel } from "../../model.ts";
import type { AnyComponent } from "../component.ts";

/** The services in the order of their names' declaration, each with its unit, user, paths and needs. */
export function servicesModel(stack: BaseModel, components: readonly AnyComponent<DependencyName>[]): ServiceModel[] {
  const { services } = stack.definition;
  const ids = serviceAccountIds(Object.keys(services));
  return Object.entries(services).map(([name, settings]) => ({
    ...serviceModel(name, settings, stack, components),
    id: ids.get(name) ?? 0,
  }));
}

/** The account that a service runs as. */
export function serviceUser(name: string): string {
  return `svc-${name}`;
}

/** What somebody must give, and the services that wait for it. */
export function givenSecrets({ definition }: BaseModel, services: readonly ServiceModel[]): GivenSecret[] {
  return Object.entries(definition.secrets).map(([name, { description = "", restart }]) => {
    const readers = services.filter((service) => service.givenSecrets.includes(name));
    return { name, description, restart, services: readers.map(({ name, unit, user }) => ({ name, unit, user })) };
  });
}

function serviceModel(
  name: string,
  settings: ServiceSettings,
  stack: BaseModel,
  components: readonly AnyComponent<DependencyName>[],
): Omit<ServiceModel, "id"> {
  const needs = settings.needs ?? components.map(({ name }) => name);
  const needed = needs.flatMap((need) => components.filter(({ name }) => name === need));
  return {
    name,
    port: settings.port,
    user: serviceUser(name),
    unit: `${stack.name}-${name}.service`,
    ...(settings.socket && { socket: `${stack.name}-${name}.socket` }),
    ...program(settings),
    health: settings.health,
    notify: settings.notify,
    needs,
    after: needed.flatMap((component) => keptUnits(component, stack)),
    ...(settings.command === undefined && { venv: `${stack.paths.opt}/venvs/${name}` }),
    folder: `${stack.paths.opt}/services/${name}`,
    envFile: `${stack.paths.config}/${name}.env`,
    dependencies: needed.map((component) => dependency(component, stack)),
    environment: needed.flatMap(({ connection }) => connection.environment(stack, name)),
    credentials: needed.flatMap(({ connection }) => connection.credential ?? []),
    givenSecrets: Object.entries(stack.definition.secrets).flatMap(([secret, { for: readers }]) =>
      readers.includes(name) ? [secret] : [],
    ),
    source: settings.source,
  };
}

function program({ command, module = "reference_service" }: ServiceSettings): Pick<ServiceModel, "module" | "command"> {
  return command === undefined ? { module, command: ["venv/bin/python", "-m", module] } : { command };
}

function dependency({ name, kind, connection }: AnyComponent<DependencyName>, stack: BaseModel): ServiceDependency {
  const addresses = connection.ports(stack).map((port) => `${stack[name]?.address}:${port}`);
  return { name, kind, addresses, ...(connection.credential && { credential: connection.credential.name }) };
}

/** The units that must run for the component to answer. */
function keptUnits(component: AnyComponent, stack: BaseModel): string[] {
  return component.processes(stack).flatMap(({ unit, activated }) => (activated ? [] : [unit]));
}
