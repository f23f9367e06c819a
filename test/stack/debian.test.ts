import t from "tap";
import { debianReleases, suites } from "../../stack/debian.ts";
import type { Model } from "../../stack/model.ts";
import { stackModel } from "./stack-model.ts";

t.test("a stack is the same on every Debian, but for what the table of releases says", (t) => {
  for (const suite of suites) {
    const release = debianReleases[suite];
    const model = stackModel(suite);
    t.equal(model.debian, release);
    t.equal(neutral(model), neutral(stackModel("bookworm")), suite);
  }
  t.end();
});

t.test("Debian 13 brings PostgreSQL 17, and its language is in /etc/locale.conf", (t) => {
  const model = stackModel("trixie");
  t.match(model.postgres, { unit: "postgresql@17-main.service", configDirectory: "/etc/postgresql/17/main" });
  t.ok(model.packages.includes("postgresql-17"));
  t.notOk(model.packages.includes("postgresql-15"));
  const paths = model.files.map(({ path }) => path);
  t.ok(paths.includes("/etc/locale.conf"));
  t.notOk(paths.includes("/etc/default/locale"));
  t.end();
});

/** A model's tables without what the release names. */
function neutral({ debian, postgres, packages, users, secrets, ports, units, files }: Model): string {
  const major = postgres?.major ?? "";
  return JSON.stringify({ packages, users, secrets, ports, units, files })
    .replaceAll(JSON.stringify(debian.localeFile), "LOCALE")
    .replaceAll(`postgresql-${major}`, "postgresql-MAJOR")
    .replaceAll(`PostgreSQL ${major} of`, "PostgreSQL MAJOR of")
    .replaceAll(`postgresql@${major}-`, "postgresql@MAJOR-")
    .replaceAll(`/postgresql/${major}`, "/postgresql/MAJOR");
}
