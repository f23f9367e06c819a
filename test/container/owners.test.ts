/** Data that came from elsewhere and belongs to other accounts: given to its server, or refused by name. */
import { lchown, lstat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { idMap } from "../../lib/lxc/id-map.ts";
import { run } from "../../lib/run.ts";
import { waitFor } from "../../lib/wait.ts";
import { planDocument } from "../../stack/documents/plan.ts";
import { debian } from "./debian.ts";
import { isKept, keep, planIsEmpty } from "./rows/reboot.ts";
import { becomesHealthy, endsHealthy, stackMachine } from "./stack-machine.ts";
import { provisioned } from "./units.ts";

t.setTimeout(15 * 60_000);

const postgres = `/var/lib/postgresql/${debian.postgres}`;
const places = [postgres, "/var/lib/redis/6379", "/var/lib/redis/6381", "/var/lib/rabbitmq/mnesia"];

const machine = await stackMachine(t, { memory: 2048 });
if (machine !== undefined) {
  const { rootfs } = machine.settings;
  let kept = "";

  t.test("accounts have the numbers of every template", async (t) => {
    await becomesHealthy(t, machine, await machine.start(), "first boot");
    t.strictSame((await machine.sh("id -u postgres redis rabbitmq epmd stack-agent svc-frontend")).split("\n"), [
      ...["301", "303", "304", "305", "300", "685"],
    ]);
    const dynamic = await machine.sh("awk -F: '$3 >= 100 && $3 < 300 || $3 >= 900 && $3 < 65534' /etc/passwd");
    t.equal(dynamic, "", "no account has one that depends on the order of packages");
    await planIsEmpty(t, machine);
    kept = await keep(machine);
  });

  t.test("one file of another account's is named by the plan, and given back", async (t) => {
    await machine.sh("chown nobody /var/lib/redis/6380/appendonlydir/appendonly.aof.manifest");
    const plan = planDocument.parse(JSON.parse(await machine.sh("stack-agent provision --plan --json")));
    t.match(plan.actions, [{ stage: "redis", do: "ownData", what: "/var/lib/redis/6380, redis:redis" }]);
    t.equal(plan.actions.length, 1);
    await machine.sh("stack-agent provision");
    t.equal(await machine.sh("stat -c %U:%G /var/lib/redis/6380/appendonlydir/appendonly.aof.manifest"), "redis:redis");
    await planIsEmpty(t, machine);
  });

  t.test("data of other numbers is given to its servers before they work with it", async (t) => {
    await machine.stop();
    for (const path of places)
      await run("chown", ["-hR", `${idMap.base + 102}:${idMap.base + 106}`, join(rootfs, path)]);
    // What a link leads to is none of the data.
    const bystander = join(rootfs, "srv/bystander");
    await writeFile(bystander, "");
    await lchown(bystander, idMap.base, idMap.base);
    const link = join(rootfs, "/var/lib/redis/6379/link");
    await symlink("/srv/bystander", link);
    await lchown(link, idMap.base + 102, idMap.base + 106);
    await endsHealthy(t, machine, await machine.start(), "boot with foreign data");
    await provisioned(machine);
    for (const path of places) {
      const owner = /redis|rabbitmq/.exec(path)?.[0] ?? "postgres";
      t.equal(await machine.sh(`find ${path} ! -user ${owner} -o ! -group ${owner}`), "", `${path} is ${owner}'s`);
    }
    t.equal((await lstat(bystander)).uid, idMap.base, "what a link leads to is left alone");
    await isKept(t, machine, kept);
    await planIsEmpty(t, machine);
  });

  t.test("data of ids that the container has not is refused by name, with the node's command", async (t) => {
    // What was looked for is consumed.
    kept = await keep(machine);
    await machine.stop();
    await run("chown", ["-hR", "70:70", join(rootfs, postgres)]);
    await machine.start();
    const status = async (): Promise<string> => {
      const { stdout } = await machine.exec("stack-agent", ["status"], { accept: [0, 1, 2, 3] });
      return stdout;
    };
    const told = await waitFor(
      async () => {
        const text = await status();
        return text.includes("belongs to ids") ? text : undefined;
      },
      { what: "status to say so", timeout: 90_000, interval: 500 },
    );
    t.match(told, `${postgres}/main belongs to ids that are not this container's`);
    const [, command = ""] = /on the node give it to the container: (chown -R \d+:\d+) VOLUME/.exec(told) ?? [];
    t.equal(command, `chown -R ${idMap.base + 301}:${idMap.base + 301}`);
    await machine.stop();
    await run("sh", ["-c", `${command} ${join(rootfs, postgres)}`]);
    await endsHealthy(t, machine, await machine.start(), "boot with the volume given to it");
    await isKept(t, machine, kept);
  });
}
