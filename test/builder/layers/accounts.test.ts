import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { packagedAccountLines } from "../../../builder/layers/base/packaged-accounts.ts";
import { refuseOtherIds } from "../../../builder/layers/base/refuse-other-ids.ts";

const accounts = packagedAccountLines([
  { name: "redis", id: 303, user: { home: "/var/lib/redis" } },
  { name: "postgres", id: 301, user: { comment: "PostgreSQL", home: "/var/lib/postgresql", shell: "/bin/bash" } },
  { name: "sshd", id: 313, user: { home: "/run/sshd", group: 65_534 } },
  { name: "ssl-cert", id: 302 },
]);

t.test("packages' accounts are behind Debian's own before the packages come", async (t) => {
  const root = t.testdir();
  mkdirSync(join(root, "etc"));
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/bash\n");
  writeFileSync(join(root, "etc/group"), "root:x:0:\n");
  execFileSync("sh", ["builder/layers/base/accounts.sh", root], {
    env: { ...process.env, STACK_PASSWD: accounts.passwd, STACK_GROUP: accounts.group },
  });
  t.same(readFileSync(join(root, "etc/passwd"), "utf8").split("\n"), [
    "root:x:0:0:root:/root:/bin/bash",
    "redis:!:303:303::/var/lib/redis:/usr/sbin/nologin",
    "postgres:!:301:301:PostgreSQL:/var/lib/postgresql:/bin/bash",
    "sshd:!:313:65534::/run/sshd:/usr/sbin/nologin",
    "",
  ]);
  t.same(readFileSync(join(root, "etc/group"), "utf8").split("\n"), [
    "root:x:0:",
    "redis:!:303:",
    "postgres:!:301:",
    "ssl-cert:!:302:",
    "",
  ]);
});

t.test("a template whose accounts have other numbers is none", async (t) => {
  const users = { redis: 303, postgres: 301, sshd: 313, "stack-agent": 300, own: 470 };
  const groups = { redis: 303, postgres: 301, "ssl-cert": 302, shop: 399 };
  const sysusers = 'g shop 399\nu stack-agent 300 "Agent" /var/lib\nu own 470\nu any - -\nm own shop\n';
  const check = (of: Partial<Record<"users" | "groups", Readonly<Record<string, number>>>>) =>
    refuseOtherIds({ users: { ...users, ...of.users }, groups: { ...groups, ...of.groups } }, accounts, sysusers);
  t.doesNotThrow(() => check({}));
  const table: [Parameters<typeof check>[0], RegExp][] = [
    [{ users: { postgres: 102 } }, /^user postgres: 102, not 301$/],
    [{ users: { "stack-agent": 999 } }, /^user stack-agent: 999, not 300$/],
    [{ users: { own: 998 } }, /^user own: 998, not 470$/],
    [{ groups: { "ssl-cert": 101 } }, /^group ssl-cert: 101, not 302$/],
    [{ groups: { shop: 101 } }, /^group shop: 101, not 399$/],
  ];
  for (const [facts, detail] of table) t.throws(() => check(facts), { code: "account-id-taken", detail: [detail] });
});
