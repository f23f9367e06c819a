/** Images of the default stack: the commands of docs/images.md as written, and a service on servers of --databases. */
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { runName } from "../../lib/lxc/run-name.ts";
import { run } from "../../lib/run.ts";
import { waitFor } from "../../lib/wait.ts";
import { rabbitmqDefinitions } from "../../stack/components/rabbitmq/definitions.ts";
import type { Model } from "../../stack/model.ts";
import { renderFile } from "../../stack/render/render-file.ts";
import { bringTools } from "../run/bring-tools.ts";
import { stackModel } from "../stack/stack-model.ts";
import { debian } from "./debian.ts";
import { inDocker } from "./in-docker.ts";
import { needs } from "./needs.ts";
import { shellBlocks } from "./pct-create.ts";
import { type Podman, startPodman } from "./podman.ts";
import { templateToTest } from "./template.ts";

t.setTimeout(30 * 60_000);

const project = join(import.meta.dirname, "../..");
const minutes = 60_000;
const model = stackModel(debian.suite);
const passwords = { postgres_password: "one'\"$x", redis_password: "two two", rabbitmq_password: "three/3" };
const image = (name: string): string => `localhost/stock-analysis/${name}:${model.version}`;

// Its layers are the template's.
if (needs(t, (await templateToTest()) === undefined ? "there is no template: bin/build-template" : "")) {
  await bringTools("crun", "podman", "skopeo");
  const host = await startPodman(t);
  const { podman, folder } = host;

  t.test("the page's commands build images, load them and look at one", async (t) => {
    const page = await readFile(join(project, "docs/images.md"), "utf8");
    const [commands = ""] = shellBlocks(page, "sh");
    const { stdout } = await run("sh", ["-e", "-c", commands], {
      ...{ cwd: folder, timeout: 15 * minutes },
      env: {
        ...host.env,
        PATH: `${join(project, "bin")}:${process.env.PATH}`,
      },
    });
    const service = model.services.find(({ name }) => name === "event-bus");
    t.match(stdout, new RegExp(`^${service?.id}:${service?.id} \\d+$`, "m"));
  });

  t.test("skopeo takes the archive as OCI's and as docker's, and reads the same layers in both", async (t) => {
    const [file = ""] = (await readdir(join(folder, "dist"))).filter((name) => name.endsWith(".oci.tar"));
    const path = join(folder, "dist", file);
    const inspected = async (transport: string): Promise<{ Layers: string[]; Architecture: string }> =>
      JSON.parse((await run("skopeo", ["inspect", `${transport}:${path}:${image("frontend")}`])).stdout);
    const oci = await inspected("oci-archive");
    t.match(oci, { Architecture: "amd64", Labels: { "org.opencontainers.image.version": model.version } });
    t.equal(oci.Layers.length, 5);
    t.equal((await inspected("docker-archive")).Layers.length, 5);
    const copied = join(folder, "copied");
    await run("skopeo", ["copy", `oci-archive:${path}:${image("frontend")}`, `oci:${copied}:frontend`], {
      timeout: 2 * minutes,
    });
    const verified = await run("bin/build-template", ["verify", path], { cwd: project, timeout: 5 * minutes });
    t.match(verified.stdout, /ok.*layers unpack/);
  });

  t.test("Debian's Docker loads them all, each with its check of health", async (t) => {
    const [file = ""] = (await readdir(join(folder, "dist"))).filter((name) => name.endsWith(".oci.tar"));
    const path = join(folder, "dist", file);
    const told = await inDocker(
      t,
      `docker load --input ${path}; docker image inspect --format '{{.Config.User}} {{json .Config.Healthcheck.Test}}' ${image("event-bus")}`,
    );
    for (const { name } of model.services) t.match(told, `Loaded image: ${image(name)}\n`);
    const id = model.services.find(({ name }) => name === "event-bus")?.id;
    t.match(told, `${id}:${id} ["CMD","/usr/local/bin/stack-healthcheck","8003","/health"]`);
  });

  t.test("a service's container is healthy on servers of --databases, and while one is away it is not", async (t) => {
    const out = join(folder, "servers");
    await run("bin/build-template", ["image", "--databases", "--out", out], { cwd: project, timeout: 15 * minutes });
    const [file = ""] = (await readdir(out)).filter((name) => name.endsWith(".oci.tar"));
    await podman(["load", "--input", join(out, file)]);
    const secrets = await secretsFolder(folder);
    const stack = runName();
    const containers = new Map<string, string>();
    const start = async (name: string, from: string, options: readonly string[], command: readonly string[] = []) => {
      containers.set(name, `${stack}-${name}`);
      const mounted = ["--volume", `${secrets}:/run/secrets:ro`];
      await podman([
        "run",
        "--detach",
        "--name",
        `${stack}-${name}`,
        ...host.network,
        ...mounted,
        ...options,
        from,
        ...command,
      ]);
    };
    const healthy = (name: string): Promise<boolean> =>
      podman(["healthcheck", "run", `${stack}-${name}`]).then(
        () => true,
        () => false,
      );
    const wait = (name: string, state = true) =>
      waitFor(async () => (await healthy(name)) === state, {
        ...{ what: `${name} to be ${state ? "healthy" : "unhealthy"}`, timeout: 3 * minutes, interval: 500 },
      });
    await start("postgres", image("postgres"), ["--env", "POSTGRES_PASSWORD_FILE=/run/secrets/postgres_superuser"]);
    const nodes = model.redis?.nodes ?? [];
    for (const { port } of nodes) {
      const flags = ["--port", `${port}`, "--cluster-enabled", "yes", "--requirepass", passwords.redis_password];
      await start(`redis-${port}`, image("redis"), [], ["redis-server", "--dir", "/data", "--logfile", "", ...flags]);
    }
    const loaded = `${secrets}/load.conf:/etc/rabbitmq/conf.d/20-load.conf:ro`;
    await start("rabbitmq", image("rabbitmq"), ["--env", "RABBITMQ_NODENAME=rabbit@localhost", "--volume", loaded]);
    for (const name of ["postgres", "rabbitmq"]) await wait(name);
    await setUp(host, containers, model);
    const hosts = ["postgres", "rabbitmq", ...nodes.map(({ port }) => `redis-${port}`)];
    await start(
      "event-bus",
      image("event-bus"),
      hosts.flatMap((name) => ["--add-host", `${name}:127.0.0.1`]),
    );
    await wait("event-bus");

    const service = model.services.find(({ name }) => name === "event-bus");
    const inBus = (...command: string[]) => podman(["exec", `${stack}-event-bus`, ...command]);
    t.equal((await inBus("id", "-u")).trim(), `${service?.id}`);
    const health = JSON.parse(await host.inside(["curl", "--silent", "http://127.0.0.1:8003/health"]));
    t.equal(health.status, "pass", JSON.stringify(health));
    t.notMatch(await podman(["inspect", `${stack}-event-bus`]), /three\/3|two two/, "no secret is in its settings");

    await podman(["stop", `${stack}-postgres`]);
    await wait("event-bus", false);
    t.match(await host.inside(["curl", "--silent", "http://127.0.0.1:8003/health"]), /"status":"fail"/);
    await podman(["start", `${stack}-postgres`]);
    await wait("event-bus");
    t.pass("and comes back with it, its data still there");
    await podman(["stop", "--time", "15", `${stack}-event-bus`]);
    const ended = await podman(["inspect", "--format", "{{.State.ExitCode}}", `${stack}-event-bus`]);
    t.equal(ended.trim(), "0", "SIGTERM ends it by itself");
  });

  t.test(
    "without its secrets a service ends at once and names one; a server without a password is not made",
    async (t) => {
      const attempt = (...args: string[]) =>
        run("podman", ["run", "--rm", ...host.network, ...args], { env: host.env, timeout: minutes, accept: [1, 78] });
      const bare = await attempt(image("event-bus"));
      t.match(bare.stdout + bare.stderr, /secret postgres_password is missing/);
      const server = await attempt(image("postgres"));
      t.equal(server.code, 78);
      t.match(server.stderr, /POSTGRES_PASSWORD_FILE/);
    },
  );
}

/** What secrets of compose and Docker are: files that the container's user can read. */
async function secretsFolder(folder: string): Promise<string> {
  const secrets = join(folder, "secrets");
  await mkdir(secrets);
  for (const [name, text] of Object.entries({
    ...passwords,
    postgres_superuser: "super",
    ...{
      "definitions.json": brokerDefinitions(model),
      "load.conf": "load_definitions = /run/secrets/definitions.json",
    },
  })) {
    await writeFile(join(secrets, name), `${text}\n`);
    await chmod(join(secrets, name), 0o444);
  }
  return secrets;
}

/** What the agent does in the template: roles and migrations, one cluster of the nodes. */
async function setUp({ podman }: Podman, containers: ReadonlyMap<string, string>, stack: Model): Promise<void> {
  const { postgres, redis } = stack;
  if (postgres === undefined || redis === undefined) throw new Error("the stack lacks a server");
  const inside = (name: string, command: readonly string[], input?: string) =>
    podman(["exec", "--interactive", containers.get(name) ?? name, ...command], input);
  const { user, owner, agentUser, database, migrations } = postgres;
  const psql = (into: string, sql: string) =>
    inside("postgres", ["psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--dbname", into], sql);
  const password = passwords.postgres_password.replaceAll("'", "''");
  await psql(
    "postgres",
    `CREATE ROLE ${owner}; CREATE ROLE ${agentUser} LOGIN; CREATE ROLE ${user} LOGIN PASSWORD '${password}';`,
  );
  await psql("postgres", `CREATE DATABASE ${database} OWNER ${user} TEMPLATE template0;`);
  const templates = (path: string): string => templateTexts.get(path) ?? "";
  const templateTexts = new Map<string, string>();
  for (const file of stack.files) {
    if (file.template?.includes("/migrations/")) {
      templateTexts.set(file.template, await readFile(join(project, file.template), "utf8"));
    }
  }
  await psql(database, "CREATE SCHEMA stack_agent;");
  for (const { path } of migrations) {
    const file = stack.files.find((one) => one.path === path);
    if (file !== undefined)
      await psql(database, `BEGIN;\n${renderFile(file, stack, { templates })}\nRESET ROLE; COMMIT;`);
  }
  const nodes = redis.nodes.map(({ port }) => `127.0.0.1:${port}`);
  const [first] = redis.nodes;
  await inside(`redis-${first?.port}`, [
    ...["redis-cli", "-a", passwords.redis_password, "--cluster", "create", ...nodes, "--cluster-yes"],
  ]);
}

/** What the broker loads at its start; passwords as they are, which it hashes. */
function brokerDefinitions({ rabbitmq, name }: Model): string {
  if (rabbitmq === undefined) throw new Error("the stack has no broker");
  const definitions = rabbitmqDefinitions(rabbitmq, name);
  const users = definitions.users.map(({ secret: _, ...one }) => ({
    ...{ ...one, password: passwords.rabbitmq_password, limits: {} },
  }));
  return JSON.stringify({ ...definitions, users });
}
