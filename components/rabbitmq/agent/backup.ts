import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod/mini";
import type { BackupPart, BackupPartContext, SaveOptions } from "../../../engine/backup-part.ts";
import { readSecret } from "../../../engine/secrets/read-secret.ts";
import type { StackWith } from "../../../engine/stack-with.ts";
import { copyTree } from "../../../lib/copy-tree.ts";
import { StackError } from "../../../lib/error.ts";
import { exists } from "../../../lib/files.ts";
import { withinDeadline } from "../../../lib/within-deadline.ts";
import { adminLogin } from "./admin-login.ts";
import { management, managementDeadline } from "./management.ts";

/*
 * RabbitMQ: what was declared in it, as its management API tells it; and, where that was asked for, its data
 * directory with the messages, copied while it is stopped. The stack's own users keep this machine's passwords.
 */

type Stack = StackWith<"rabbitmq">;

/** Milliseconds: definitions of thousands of queues; and a stop, which waits for what is being written. */
const IMPORT = 120_000;
const STOP = 300_000;

const dataFolder = "/var/lib/rabbitmq/mnesia";

const definitionsName = "definitions.json";
const dataName = "mnesia";

export function backupParts(model: Stack): readonly BackupPart[] {
  return [
    {
      name: "rabbitmq",
      comes: "after-provisioning",
      save: (folder, options) => save(model, folder, options),
      prove: async (folder) => {
        await readDefinitions(folder);
      },
      restore: (folder, context) => restore(model, folder, context),
    },
  ];
}

async function save({ rabbitmq }: Stack, folder: string, options: SaveOptions): Promise<boolean> {
  const { run, signal, messages, log } = options;
  const login = await loginOf(rabbitmq.managementPort, options);
  const found = await withinDeadline(managementDeadline(login.port, IMPORT), signal, (limited) =>
    management(login, "GET", "/definitions", { signal: limited }),
  );
  await writeFile(join(folder, definitionsName), JSON.stringify(found), { mode: 0o600 });
  if (!messages) return true;
  log("info", "RabbitMQ is stopped while its messages are copied");
  await run("systemctl", ["stop", rabbitmq.unit], { signal, timeout: STOP });
  try {
    await copyTree(dataFolder, join(folder, dataName), { run, signal });
  } finally {
    await run("systemctl", ["start", rabbitmq.unit], { timeout: STOP });
  }
  return true;
}

async function restore({ rabbitmq }: Stack, folder: string, context: BackupPartContext): Promise<void> {
  const { run, signal } = context;
  const definitions = await readDefinitions(folder);
  const data = join(folder, dataName);
  if (await exists(data)) {
    const [draft, before] = [`${dataFolder}.restored`, `${dataFolder}.before`];
    await rm(draft, { recursive: true, force: true });
    await copyTree(data, draft, { run, signal });
    await run("chown", ["--recursive", "rabbitmq:rabbitmq", draft], { signal, timeout: STOP });
    await run("systemctl", ["stop", rabbitmq.unit], { signal, timeout: STOP });
    await rm(before, { recursive: true, force: true });
    if (await exists(dataFolder)) await rename(dataFolder, before);
    await rename(draft, dataFolder);
    await run("systemctl", ["start", rabbitmq.unit], { timeout: STOP });
    await rm(before, { recursive: true, force: true });
    // It holds what was declared; the passwords in it are the other machine's, which provisioning sees.
    return;
  }
  const own: readonly string[] = [rabbitmq.user, rabbitmq.agentUser, rabbitmq.adminUser];
  const body = JSON.stringify({
    ...definitions,
    users: definitions.users.filter(({ name }) => !own.includes(name)),
    // Who this cluster is.
    global_parameters: definitions.global_parameters.filter(({ name }) => !/^(internal_)?cluster_/.test(name)),
  });
  const login = await loginOf(rabbitmq.managementPort, context);
  await withinDeadline(managementDeadline(login.port, IMPORT), signal, (limited) =>
    management(login, "POST", "/definitions", { signal: limited, body }),
  );
}

const named = z._default(z.array(z.looseObject({ name: z.string() })), []);

/** What is looked at of them. */
const definitionsDocument = z.looseObject({ users: named, global_parameters: named });

async function readDefinitions(folder: string): Promise<z.output<typeof definitionsDocument>> {
  try {
    return definitionsDocument.parse(JSON.parse(await readFile(join(folder, definitionsName), "utf8")));
  } catch (cause) {
    throw new StackError("backup-unusable", "what RabbitMQ held can't be read", {
      hint: "an earlier backup may do: stack-agent backup ls",
      cause,
    });
  }
}

function loginOf(port: number, { model }: BackupPartContext) {
  const secret = async (name: "rabbitmq.admin"): Promise<string> => {
    const value = await readSecret(model.paths.state, name);
    if (value !== undefined) return value;
    throw new StackError("secret-missing", `the secret ${name} is not there`, { hint: "stack-agent provision" });
  };
  return secret("rabbitmq.admin").then((password) => adminLogin(port, { secret: async () => password }));
}
