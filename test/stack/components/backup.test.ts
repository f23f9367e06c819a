import { readFileSync } from "node:fs";
import t from "tap";
import { parseDefinition } from "../../../stack/definition/parse.ts";
import { healthGroupOf } from "../../../stack/health-groups.ts";
import { renderFile } from "../../../stack/render/render-file.ts";
import { resolve } from "../../../stack/resolve.ts";
import { faultsOf } from "../faults-of.ts";

const templates = (path: string) => readFileSync(path, "utf8");
const head = "name: shop\nversion: 1.0.0\nservices: {web: {port: 8001}}\n";
const directory = "postgres: {}\nbackup: {target: {directory: /mnt/backup}}\n";

function modelOf(text: string) {
  return resolve(parseDefinition(`${head}${text}`, "stack.yaml"));
}

function rendered(text: string, path: string): string {
  const model = modelOf(text);
  const entry = model.files.find((file) => file.path === path);
  if (entry === undefined) throw new TypeError(`${path} is not in the table of files`);
  return renderFile(entry, model, { templates });
}

t.test("a stack without the section has nothing of it", async (t) => {
  const model = modelOf("postgres: {}\n");
  t.notOk(model.packages.includes("pgbackrest"));
  t.strictSame(
    [...model.files, ...model.units, ...model.checks].filter((one) => one.component === "backup"),
    [],
  );
  t.strictSame(model.jobs, []);
  t.notMatch(rendered("postgres: {}\n", "/etc/postgresql/15/main/postgresql.conf"), "archive_mode");
});

t.test("PostgreSQL archives, and its sandbox lets it write to the target and no further", async (t) => {
  t.match(rendered(directory, "/etc/postgresql/15/main/postgresql.conf"), /^archive_mode = on$/m);
  const unit = rendered(directory, "/etc/systemd/system/postgresql@15-main.service");
  t.match(unit, /^ReadWritePaths=-\/mnt\/backup$/m, "one that is not there stops no start");
  t.match(unit, /^IPAddressDeny=any$/m);
  const model = modelOf(directory);
  t.match(
    model.units.find(({ component }) => component === "backup"),
    { unit: "pgbackrest.service", want: "masked" },
  );
  t.match(
    model.jobs.map(({ name }) => name),
    ["backup-full", "backup-differential", "backup-check"],
  );
  t.equal(healthGroupOf("backup"), "machine");
});

t.test("no service needs it, and none waits for it", async (t) => {
  const [web] = modelOf(directory).services;
  t.strictSame(web?.needs, ["postgres"]);
});

t.test("jobs that are off are none", async (t) => {
  const off = "postgres: {}\nbackup: {target: {directory: /mnt/backup}, differential: off, check: off}\n";
  t.match(
    modelOf(off).jobs.map(({ name }) => name),
    ["backup-full"],
  );
});

t.test("a target that PostgreSQL can't see, none, and a stack without PostgreSQL are refused", async (t) => {
  const faults = (text: string) => faultsOf(`${head}${text}`).join("\n");
  t.match(faults("postgres: {}\nbackup: {target: {directory: /home/backup}}\n"), /kept from there/);
  t.match(faults("postgres: {}\nbackup: {target: {directory: /mnt/../tmp}}\n"), /no \. and \.\./);
  t.match(faults("postgres: {}\nbackup: {target: {}}\n"), /exactly one of directory and s3/);
  t.match(faults("postgres: {}\nbackup: {target: {sftp: {host: nas}}}\n"), /mount the server's folder/i);
  t.match(faults("postgres: {}\nbackup: {target: {s3: {bucket: b, endpoint: 'https://s3.lan'}}}\n"), /bucket's name/);
  t.match(faults("redis: {}\nbackup: {target: {directory: /mnt/backup}}\n"), /no postgres/);
});

t.test("a bucket's keys are secrets that are given, and PostgreSQL, which archives, gets out to it", async (t) => {
  const text = "postgres: {}\nbackup: {target: {s3: {bucket: shop-backups, endpoint: s3.lan}}}\n";
  const unit = rendered(text, "/etc/systemd/system/postgresql@15-main.service");
  t.notMatch(unit, "IPAddressDeny");
  t.match(
    modelOf(text).givenSecrets.map(({ name }) => name),
    ["backup_s3_key", "backup_s3_secret"],
  );
  t.strictSame(modelOf(directory).givenSecrets, []);
});
