import t from "tap";
import { repositoryOf, repositoryText } from "../../../../components/backup/agent/repository.ts";
import { type BackupFacts, planBackup } from "../../../../components/backup/agent/stage.ts";
import { parseDefinition } from "../../../../stack/definition/parse.ts";
import { resolve } from "../../../../stack/resolve.ts";

const text = (target: string) =>
  `name: shop\nversion: 1.0.0\npostgres: {}\nbackup: {target: ${target}}\nservices: {web: {port: 8001}}\n`;
const model = resolve(parseDefinition(text("{directory: /mnt/backup}"), "stack.yaml"));
const path = "/mnt/backup/shop-0123456789ab";
const since = "2026-11-30T12:00:00Z";

const settled: BackupFacts = {
  component: { files: [], specs: [], units: new Map() },
  path,
  closed: false,
  configured: true,
  hasConfig: true,
  open: path,
  record: { schemaVersion: 1, repository: { path, place: "/mnt/backup", since } },
};

function why(facts: Partial<BackupFacts>): string | undefined {
  return planBackup({ ...settled, ...facts }, model).actions.find((action) => action.do === "openRepository")?.why;
}

t.test("the repository is opened once a boot, and made where there is none of this machine's key", async (t) => {
  t.equal(why({}), undefined);
  t.match(why({ open: undefined }), "not opened since the boot");
  t.match(why({ configured: false }), "told otherwise");
  t.match(why({ record: { schemaVersion: 1 } }), "no repository yet");
  t.match(why({ path: "/mnt/backup/shop-ba9876543210" }), "another one", "a copy's key, or a rotated one");
  t.match(
    why({ record: { schemaVersion: 1, repository: { path, place: "/mnt/other", since } } }),
    "another one",
    "another target",
  );
  t.match(why({ record: { ...settled.record, otherCluster: true } }), "came from elsewhere");
  t.equal(why({ record: { schemaVersion: 1 }, closed: true }), undefined, "a bucket whose keys nobody has given yet");
});

t.test("a repository's name follows from its key, and gives nothing of it away", async (t) => {
  const backup = model.backup;
  if (backup === undefined) throw new TypeError("no backup");
  const key = "k".repeat(40);
  const one = repositoryOf(backup, key);
  t.match(one.path, /^\/mnt\/backup\/shop-[0-9a-f]{12}$/);
  t.equal(repositoryOf(backup, key).path, one.path);
  t.not(repositoryOf(backup, "l".repeat(40)).path, one.path);
  t.match(repositoryText(one, { encryption: true }), `repo1-cipher-pass=${key}\n`);
  t.notMatch(repositoryText(one, { encryption: false }), key);
});

t.test(
  "a repository in a bucket is told of its server, and the keys are in the same file of root's and PostgreSQL's",
  async (t) => {
    const s3 = "{s3: {bucket: shop-backups, endpoint: 's3.lan:9000', ca: /etc/ssl/lan.pem}}";
    const { backup } = resolve(parseDefinition(text(s3), "stack.yaml"));
    if (backup === undefined) throw new TypeError("no backup");
    t.equal(backup.place, "s3://s3.lan:9000/shop-backups");
    const one = repositoryOf(backup, "k".repeat(40), { accessKey: "AK", secretKey: "SK" });
    t.match(one.path, /^\/shop-[0-9a-f]{12}$/);
    const written = repositoryText(one, { encryption: true });
    t.match(
      written,
      /^repo1-type=s3\nrepo1-s3-bucket=shop-backups\nrepo1-s3-endpoint=s3\.lan\nrepo1-storage-port=9000\nrepo1-s3-region=us-east-1\nrepo1-s3-uri-style=path\nrepo1-storage-ca-file=\/etc\/ssl\/lan\.pem\nrepo1-s3-key=AK\nrepo1-s3-key-secret=SK$/m,
    );
  },
);
