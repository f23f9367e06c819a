import type { Test } from "tap";
import { dpkgRules } from "../../builder/layers/dpkg-rules.ts";
import type { Machine } from "../create-machine.ts";
import { secret } from "../logins.ts";
import { required } from "../required.ts";

/** Proxmox edits it in every container, where it is: dpkg 1.22 and later know it below /usr. */
const proxmoxs = "container-getty@.service";

/** What is left out of the template is gone, and nothing that stays misses it. */
export function slimRows(t: Test, machine: Machine): void {
  t.test("what the dpkg rules leave out is not there, and dpkg misses nothing else", async (t) => {
    const rules = await rulesOf(machine);
    for (const path of ["/usr/share/man/man1/ls.1.gz", "/usr/lib/x86_64-linux-gnu/libLLVM-14.so.1"]) {
      t.ok(rules.leavesOut(path), `a rule for ${path}`);
    }
    // dpkg keeps links and folders that an include might reach. Its lists name excluded files
    // too; what a package's own scripts make is in none.
    const there = (await machine.sh("find /usr -type f")).split("\n");
    const listed = new Set((await machine.sh("cat /var/lib/dpkg/info/*.list")).split("\n"));
    t.strictSame(
      there.filter((path) => rules.leavesOut(path) && listed.has(path)),
      [],
    );
    t.equal(await machine.sh("dpkg --audit"), "");
    const verified = await machine.sh("dpkg --verify || true", { timeout: 120_000 });
    const missing = [...verified.matchAll(/^missing\s+(\/usr\/\S+)/gm)].map(([, path = ""]) => path);
    t.strictSame(
      missing.filter((path) => !rules.leavesOut(path)),
      [],
      "nothing else is missing",
    );
    t.strictSame(
      verified.split("\n").filter((line) => /^..5\S* +\/usr/.test(line) && !line.endsWith(`/${proxmoxs}`)),
      [],
      "nothing is altered",
    );
  });

  t.test("no program and no library misses what is left out, no link its target", async (t) => {
    const programs = "find /usr/bin /usr/sbin /usr/lib -type f -perm /111";
    const libraries = "find /usr/lib -name '*.so*' -type f";
    const absent = "xargs ldd 2>/dev/null | awk '/not found/ { print $1 }' | sort -u";
    const names = await machine.sh(`{ ${programs}; ${libraries}; } | sort -u | ${absent}`, { timeout: 120_000 });
    const rules = await rulesOf(machine);
    const leftOut = names.split("\n").filter((name) => rules.leavesOut(`/usr/lib/x86_64-linux-gnu/${name}`));
    t.strictSame(leftOut, []);
    t.equal(await machine.sh("find /usr/bin /usr/sbin /usr/lib -xtype l"), "");
  });

  t.test("PostgreSQL runs without its JIT, asked for or not", async (t) => {
    const login = { port: required.postgres.port, database: "postgres", user: "postgres" };
    const at = { ...login, password: await secret(machine, "postgres.superuser") };
    const ask = async (text: string) => (await machine.inside().pg({ ...at, text })).rows;
    t.strictSame(await ask("SHOW jit"), [{ jit: "off" }]);
    t.strictSame(await ask("SELECT pg_jit_available() AS has"), [{ has: false }]);
    const psql = `PGPASSWORD="$(cat /var/lib/stack-agent/secrets/postgres.superuser)" psql -h 127.0.0.1 -p ${login.port} -U postgres -At`;
    const eager =
      "SET jit = on; SET jit_above_cost = 0; EXPLAIN ANALYZE SELECT sum(i) FROM generate_series(1, 300000) i";
    const plan = await machine.sh(`${psql} -c '${eager}'`);
    t.match(plan, /Execution Time/);
    t.notMatch(plan, /JIT:/);
    t.equal(await machine.sh("journalctl -b -o cat -u 'postgresql*' | grep -iE 'jit|llvm' || true"), "");
  });

  t.test("R03 the compilers work: C, C++, threads, OpenSSL, libpq, link-time optimisation", async (t) => {
    const folder = await machine.sh("mktemp -d");
    const c = [
      "#include <libpq-fe.h>",
      "#include <math.h>",
      "#include <openssl/evp.h>",
      "#include <pthread.h>",
      "static void *work(void *x) { return x; }",
      "int main(int n, char **v) { pthread_t id; pthread_create(&id, 0, work, 0); pthread_join(id, 0);",
      "  return PQlibVersion() < 150000 || sqrt(n * 4.0) != 2.0 || EVP_sha256() == 0 || v == 0; }",
    ].join("\n");
    const cpp =
      '#include <iostream>\n#include <stdexcept>\nint main() { try { throw std::runtime_error("ok"); } catch (std::exception &e) { std::cout << e.what(); } }\n';
    await machine.sh(`cat >${folder}/a.c <<'END'\n${c}\nEND\ncat >${folder}/b.cc <<'END'\n${cpp}\nEND`);
    const at = `cd ${folder}`;
    await machine.sh(`${at}; gcc -O2 -I/usr/include/postgresql a.c -o a -pthread -lpq -lm -lssl -lcrypto && ./a`);
    await machine.sh(`${at}; gcc -flto -O2 -I/usr/include/postgresql a.c -o a -pthread -lpq -lm -lcrypto && ./a`);
    t.equal(await machine.sh(`${at}; g++ -O2 b.cc -o b && ./b`), "ok");
    t.equal(await machine.sh(`${at}; g++ -static-libgcc -static-libstdc++ b.cc -o b && ./b; rm -r ${folder}`), "ok");
  });

  t.test("languages, character sets and time zones of everyday use are there", async (t) => {
    t.match(await machine.sh("locale -a"), /^en_US\.utf8$/m);
    await machine.sh("d=$(mktemp -d); localedef --no-archive -i de_DE -f UTF-8 $d/de_DE.UTF-8; rm -r $d");
    for (const name of ["UTF-16", "ISO-8859-15", "CP1252", "CP850", "KOI8-R"]) {
      t.equal(await machine.sh(`echo Kurs | iconv -t ${name} | iconv -f ${name}`), "Kurs", name);
    }
    t.equal(await machine.sh('perl -MEncode -e \'print length encode("UTF-16", "ab")\''), "6");
    const modules = "bz2, ctypes, curses, decimal, json, lzma, readline, sqlite3, ssl, uuid, zlib, zoneinfo";
    const tokyo = "print(datetime.datetime(2026, 1, 1, tzinfo=zoneinfo.ZoneInfo('Asia/Tokyo')).utcoffset())";
    t.equal(await machine.sh(`python3 -c "import datetime, ${modules}; ${tokyo}"`), "9:00:00");
    t.equal(await machine.sh("TZ=Europe/Berlin date -d '2026-07-01 12:00 UTC' +%H"), "14");
  });

  t.test("Git works, under both of its names", async (t) => {
    const lines = [
      "d=$(mktemp -d) && cd $d && git init -q a && cd a && git config user.email a@b && git config user.name a",
      "echo x >f && git add f && git commit -qm one && git clone -q --no-local . ../b && git -C ../b log --format=%s",
      "test /usr/bin/git -ef /usr/lib/git-core/git && /usr/lib/git-core/git --exec-path >/dev/null; rm -r $d",
    ];
    t.equal(await machine.sh(lines.join("\n")), "one");
  });
}

async function rulesOf(machine: Machine): Promise<ReturnType<typeof dpkgRules>> {
  return dpkgRules((await machine.sh("cat /etc/dpkg/dpkg.cfg.d/*")).split("\n"));
}
