/** The other settings: a static address, nesting, the least memory; and a power cut in the first boot. */
import t from "tap";
import { exists } from "../../lib/files.ts";
import { run } from "../../lib/run.ts";
import { waitFor } from "../../lib/wait.ts";
import { statusDocument } from "../../stack/documents/status.ts";
import { postgresLogin, redisLogin } from "./logins.ts";
import { management } from "./management.ts";
import { required, serviceNames } from "./required.ts";
import { failedUnits } from "./rows/machine.ts";
import { planIsEmpty } from "./rows/reboot.ts";
import { redisSavesRow } from "./rows/redis-saves.ts";
import { becomesHealthy, stackMachine } from "./stack-machine.ts";

t.setTimeout(20 * 60_000);

const memory = 2048;
/** MiB of a Redis node: one of three may double. */
const share = Math.round((0.75 * memory - 0.36 * memory) / 4.4);
const addressing = { kind: "static", address: "10.1.1.120/24", gateway: "10.1.1.1" } as const;

const machine = await stackMachine(t, { memory, addressing, nesting: true, cores: 2 });
if (machine !== undefined) {
  t.test("R11 a first boot whose power is cut in the middle is carried on by the next", async (t) => {
    await machine.start();
    const { rootfs } = machine.settings;
    // initdb writes it early: the cluster is half made, wherever it is being made.
    const begun = async () =>
      (await run("find", [`${rootfs}/var/lib/postgresql`, "-name", "PG_VERSION"])).stdout !== "";
    await waitFor(begun, { what: "the cluster to be begun", timeout: 60_000, interval: 5 });
    await machine.stop({ kill: true });
    t.notOk(await exists(`${rootfs}${required.postgres.dataDirectory}/postmaster.pid`), "PostgreSQL had not started");
    await becomesHealthy(t, machine, await machine.start(), "boot after a power cut in the first");
    await planIsEmpty(t, machine);
  });

  t.test("R02 a static address is a setting", async (t) => {
    t.equal(await machine.address(), "10.1.1.120");
    t.match(await machine.sh("ip route show default"), /^default via 10\.1\.1\.1 dev eth0/);
    t.notMatch(await machine.sh("ps -eo comm="), /dhclient/, "no DHCP client runs");
    for (const port of [required.agent.port, ...serviceNames.map((name) => required.services[name].port)]) {
      t.equal(
        (await machine.peer.http({ url: `http://10.1.1.120:${port}/health` })).status,
        200,
        `${port} answers there`,
      );
    }
  });

  t.test("R04 systemd runs with nesting too", async (t) => {
    t.equal(await machine.sh("systemctl is-system-running --wait || true"), "running");
    t.strictSame(await failedUnits(machine), []);
  });

  t.test("R12 R14 R15 in 2 GiB each gets its share, and status says what was cut", async (t) => {
    const client = machine.inside();
    const { rows } = await client.pg({ ...(await postgresLogin(machine)), text: "SHOW shared_buffers" });
    t.strictSame(rows, [{ shared_buffers: "512MB" }]);
    for (const port of required.redis.ports) {
      const command = ["CONFIG", "GET", "maxmemory"];
      t.strictSame(await client.redis({ ...(await redisLogin(machine)), port, command }), [
        "maxmemory",
        String(share * 1024 * 1024),
      ]);
    }
    // Told once the broker has gathered its first statistics, seconds after its start.
    const look = async () => (await management<{ readonly mem_limit?: number }[]>(machine, "nodes"))[0]?.mem_limit;
    const limit = await waitFor(look, { what: "RabbitMQ to tell its watermark", timeout: 30_000, interval: 500 });
    // A sixteenth would be 128 MiB, less than an idle broker uses: it would hold back every publisher.
    t.equal(limit, 256 * 1024 * 1024, "RabbitMQ's watermark");
    const status = statusDocument.parse(JSON.parse(await machine.sh("stack-agent status --format json")));
    const cut = `redis maxmemory ${share} MiB of 2 GiB declared: container has 2 GiB`;
    t.equal(status.memory.totalMiB, memory);
    t.strictSame(status.memory.cuts, [cut]);
  });

  redisSavesRow(t, machine, share);
}
