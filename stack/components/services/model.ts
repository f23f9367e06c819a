import { serviceAccountIds } from "../../account-ids.ts";
import type { ServiceSettings } from "../../definition/schema.ts";
import type { BaseModel, DependencyName, GivenSecret, ServiceDependency, ServiceModel } from "../../model.ts";
import { checkModels } from "../check-models.ts";
import type { AnyComponent } from "../component.ts";
import { alertmanagerReader, alertmanagerUnit, receiverSecrets } from "../metrics/alertmanager-config.ts";
import { metricsUser } from "../metrics/component.ts";

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

const alertmanager = { name: alertmanagerReader, unit: alertmanagerUnit, user: metricsUser };

/** What somebody must give, and the services that wait for it. */
export function givenSecrets({ definition, metrics }: BaseModel, services: readonly ServiceModel[]): GivenSecret[] {
  return Object.entries(definition.secrets).map(([name, { description = "", restart }]) => {
    const readers = [
      ...services.filter((service) => service.givenSecrets.includes(name)),
      ...(metrics !== undefined && receiverSecrets(metrics).includes(name) ? [alertmanager] : []),
    ];
    return { name, description, restart, services: readers.map(({ name, unit, user }) => ({ name, unit, user })) };
  });
}

/** What somebody must give for the components, each with the services that log in with it. */
export function componentSecrets(
  stack: BaseModel,
  services: readonly ServiceModel[],
  components: readonly AnyComponent<DependencyName>[],
): GivenSecret[] {
  const asked = components.flatMap(({ givenSecrets }) => givenSecrets?.(stack) ?? []);
  return asked.map((secret) => {
    const readers = services.filter(({ credentials }) => credentials.some((one) => one.secret === secret.name));
    return { ...secret, restart: true, services: readers.map(({ name, unit, user }) => ({ name, unit, user })) };
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

function dependency(component: AnyComponent<DependencyName>, stack: BaseModel): ServiceDependency {
  const { name, kind, checks, connection } = component;
  const [check] = checkModels(checks, kind);
  return {
    name,
    kind,
    ...(check && { check: check.name }),
    addresses: connection.addresses(stack),
    ...(connection.credential && { credential: connection.credential.name }),
  };
}

/** The units that must run for the component to answer. */
function keptUnits(component: AnyComponent, stack: BaseModel): string[] {
  return component.processes(stack).flatMap(({ unit, activated }) => (activated ? [] : [unit]));
}
