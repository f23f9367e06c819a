import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Test } from "tap";
import { run } from "../../../lib/run.ts";
import { waitFor } from "../../../lib/wait.ts";
import type { Suite } from "../../../stack/debian.ts";
import type { Client } from "../client.ts";
import { fixture } from "../fixture.ts";

export interface ZabbixServer {
  readonly version: string;
  /** A method of its API, as its administrator. @throws Error with what it answered */
  call<T>(method: string, params: object): Promise<T>;
}

const packages = "postgresql,zabbix-server-pgsql,zabbix-frontend-php,php-cli,php-fpm,php-pgsql";

/** Debian with its Zabbix: 6.0 of bookworm, 7.0 of trixie. */
function zabbixRoot(suite: Suite): Promise<string> {
  return fixture({
    name: `zabbix-${suite}`,
    suffix: ".tar.zst",
    inputs: packages,
    make: async (file) => {
      await run("mmdebstrap", ["--quiet", "--variant=minbase", `--include=${packages}`, suite, file], {
        timeout: 20 * 60_000,
        install: "apt-get install mmdebstrap",
      });
    },
  });
}

/** Starts one in a network namespace that the client speaks in. It ends with the test. */
export async function startZabbix(t: Test, client: Client, namespace: string, suite: Suite): Promise<ZabbixServer> {
  const folder = await mkdtemp("/var/tmp/stack-zabbix-");
  t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 1_000 }));
  await run("tar", ["--extract", "--file", await zabbixRoot(suite), "--directory", folder, "--exclude=./dev/*"], {
    timeout: 300_000,
  });
  const apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child"];
  const script = join(import.meta.dirname, "run-server.sh");
  const child = spawn("nsenter", [`--net=${namespace}`, ...apart, "sh", script, folder], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("close", resolve));
  t.teardown(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return openApi(client);
}

/** Waits for an API at its port. */
export async function openApi(client: Client): Promise<ZabbixServer> {
  let auth: string | undefined;
  const call = async <T>(method: string, params: object): Promise<T> => {
    const asked = { jsonrpc: "2.0", method, params, id: 1, ...(auth !== undefined && { auth }) };
    const { status, body } = await client.http({
      url: "http://127.0.0.1:8080/api_jsonrpc.php",
      method: "POST",
      headers: { "content-type": "application/json-rpc" },
      body: JSON.stringify(asked),
      timeout: 120_000,
    });
    const answer = (status === 200 ? JSON.parse(body) : { error: { status, body } }) as Answer<T>;
    if (answer.result === undefined) throw new Error(`${method}: ${JSON.stringify(answer.error)}`);
    return answer.result;
  };
  const version = await waitFor(() => call<string>("apiinfo.version", []).catch(() => undefined), {
    what: "Zabbix's API to answer",
    timeout: 180_000,
    interval: 1_000,
  });
  // What its database is filled with at the first start.
  auth = await call<string>("user.login", { username: "Admin", password: "zabbix" });
  return { version, call };
}

interface Answer<T> {
  readonly result?: T;
  readonly error?: unknown;
}
