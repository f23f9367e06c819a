import { readFileSync } from "node:fs";
import t from "tap";
import { excludedPaths, slimFamilies } from "../../../builder/layers/base/excluded-paths.ts";
import { parseDefinition } from "../../../stack/definition/parse.ts";
import type { Definition } from "../../../stack/definition/schema.ts";
import { resolve } from "../../../stack/resolve.ts";
import { dpkgRules } from "./dpkg-rules.ts";

const lib = "/usr/lib/x86_64-linux-gnu";
const gcc = "/usr/lib/gcc/x86_64-linux-gnu/12";
const pg = "/usr/lib/postgresql/15";

/** Paths of Debian 12's packages: what each setting takes, and its nearest neighbours, which stay. */
const paths: Readonly<Record<string, { readonly gone: readonly string[]; readonly stay: readonly string[] }>> = {
  man: {
    gone: ["/usr/share/man/man1/ls.1.gz", "/usr/share/man/de/man1/ls.1.gz"],
    stay: ["/usr/share/postgresql/15/man/man1/psql.1.gz"],
  },
  docs: {
    gone: ["/usr/share/doc/git/README.md", "/usr/share/info/bc.info.gz", "/usr/share/lintian/overrides/git"],
    stay: ["/usr/share/doc/git/copyright", "/usr/share/doc"],
  },
  translations: {
    gone: ["/usr/share/locale/de/LC_MESSAGES/git.mo", "/usr/share/locale/zh_CN/LC_MESSAGES/git.mo"],
    stay: [
      "/usr/share/locale/en_GB/LC_MESSAGES/libc.mo",
      "/usr/share/locale/locale.alias",
      "/usr/share/i18n/SUPPORTED",
    ],
  },
  charsets: {
    gone: [
      `${lib}/gconv/IBM1390.so`,
      `${lib}/gconv/EUC-JP-MS.so`,
      `${lib}/gconv/libJISX0213.so`,
      `${lib}/perl/5.36.0/auto/Encode/JP/JP.so`,
      "/usr/share/i18n/charmaps/GB18030.gz",
      "/usr/share/i18n/locales/cns11643_stroke",
    ],
    stay: [
      `${lib}/gconv/UTF-16.so`,
      `${lib}/gconv/ISO8859-15.so`,
      `${lib}/gconv/CP1252.so`,
      `${lib}/gconv/IBM850.so`,
      `${lib}/gconv/gconv-modules.cache`,
      `${lib}/perl/5.36.0/auto/Encode/Unicode/Unicode.so`,
      "/usr/share/i18n/charmaps/UTF-8.gz",
      "/usr/share/i18n/locales/en_US",
      "/usr/share/i18n/locales/iso14651_t1_common",
    ],
  },
  jit: {
    gone: [
      `${lib}/libLLVM-14.so.1`,
      "/usr/lib/llvm-14/lib/libLLVM-14.so.1",
      `${lib}/libz3.so.4`,
      `${pg}/lib/bitcode/postgres/utils/adt/int.bc`,
      `${pg}/lib/llvmjit.so`,
      `${pg}/lib/llvmjit_types.bc`,
    ],
    stay: [`${lib}/libz.so.1`, `${lib}/libzstd.so.1`, `${pg}/lib/pgoutput.so`, `${pg}/bin/postgres`],
  },
  sanitizers: {
    gone: [`${lib}/libasan.so.8.0.0`, `${lib}/libtsan.so.2`, `${gcc}/libubsan.a`, `${gcc}/liblsan_preinit.o`],
    stay: [`${gcc}/libsanitizer.spec`, `${gcc}/include/sanitizer/asan_interface.h`],
  },
  compilerTools: {
    gone: [
      "/usr/bin/lto-dump",
      "/usr/bin/x86_64-linux-gnu-lto-dump-12",
      "/usr/bin/gprofng",
      "/usr/bin/gp-display-text",
      "/usr/bin/x86_64-linux-gnu-dwp",
      `${lib}/gprofng/libgp-collector.so`,
      `${lib}/libgprofng.so.0.0.0`,
    ],
    stay: ["/usr/bin/gprof", "/usr/bin/x86_64-linux-gnu-gcc-12", "/usr/bin/gpgv", `${gcc}/liblto_plugin.so`],
  },
  staticLibraries: {
    gone: [`${lib}/libc.a`, `${lib}/libm-2.36.a`, `${lib}/libcrypto.a`, `${lib}/libpq.a`],
    stay: [`${lib}/libc_nonshared.a`, `${lib}/libpthread.a`, `${gcc}/libgcc.a`, `${gcc}/libstdc++.a`, `${lib}/libm.so`],
  },
  lto: { gone: [`${gcc}/lto1`], stay: [`${gcc}/cc1`, `${gcc}/lto-wrapper`] },
  gitServer: {
    gone: ["/usr/lib/git-core/git-daemon", "/usr/lib/git-core/git-imap-send"],
    stay: ["/usr/lib/git-core/git-remote-http", "/usr/lib/git-core/git-http-fetch", "/usr/bin/git-shell"],
  },
  rabbitmqExtras: { gone: [], stay: [`/usr/lib/rabbitmq/lib/rabbitmq_server-3.10.8/plugins/rabbit-3.10.8`] },
};
const settings = Object.keys(slimFamilies);

function definition(text = ""): Definition {
  return parseDefinition(
    `name: tiny\nversion: 1.0.0\nrabbitmq: {}\nservices: { web: { port: 8080 } }\n${text}`,
    "stack.yaml",
  );
}

function pathsOf(setting: string) {
  const found = paths[setting];
  if (found === undefined) throw new TypeError(`${setting} has no paths here`);
  return found;
}

t.test("each setting leaves out its own files alone, and keeps them where it is false", async (t) => {
  const everything = Object.values(paths).flatMap(({ gone, stay }) => [...gone, ...stay]);
  for (const setting of settings) {
    const only = settings.map((name) => `${name}: ${name === setting}`).join(", ");
    const rules = dpkgRules(excludedPaths(definition(`slim: { ${only} }`)));
    t.strictSame(
      everything.filter((path) => rules.leavesOut(path)),
      pathsOf(setting).gone,
      setting,
    );
  }
  t.strictSame(excludedPaths(definition(`slim: { ${settings.map((name) => `${name}: false`).join(", ")} }`)), []);
});

t.test("what nobody sets is left out, but for the compiler of -flto", async (t) => {
  const rules = dpkgRules(excludedPaths(definition()));
  for (const setting of settings) {
    const { gone, stay } = pathsOf(setting);
    t.strictSame(
      gone.filter((path) => rules.leavesOut(path)),
      setting === "lto" ? [] : gone,
      setting,
    );
    t.strictSame(
      stay.filter((path) => rules.leavesOut(path)),
      [],
      `${setting}'s neighbours stay`,
    );
  }
  const unset = definition("slim: { man: false }").slim;
  t.strictSame(unset, { ...definition().slim, man: false }, "one setting leaves the others as they are");
});

t.test("the locale's own language stays: its messages, and its character sets where they are East Asian", async (t) => {
  const german = dpkgRules(excludedPaths(definition("locale: de_DE.UTF-8")));
  t.notOk(german.leavesOut("/usr/share/locale/de/LC_MESSAGES/git.mo"));
  t.ok(german.leavesOut("/usr/share/locale/fr/LC_MESSAGES/git.mo"));
  t.ok(german.leavesOut(`${lib}/gconv/EUC-JP.so`));
  const chinese = dpkgRules(excludedPaths(definition("locale: zh_CN.UTF-8")));
  t.notOk(chinese.leavesOut("/usr/share/i18n/locales/iso14651_t1_pinyin"), "without it the locale can't be made");
  t.notOk(chinese.leavesOut(`${lib}/gconv/GB18030.so`));
});

t.test("RabbitMQ's optional plugins have rules of their own, where they are left out", async (t) => {
  const path = "/etc/dpkg/dpkg.cfg.d/stack-rabbitmq";
  const has = (text: string) => resolve(definition(text)).files.some((file) => file.path === path);
  t.ok(has(""));
  t.notOk(has("slim: { rabbitmqExtras: false }"));
  const rules = dpkgRules(readFileSync(`rootfs-overlay${path}`, "utf8").split("\n"));
  const plugins = "/usr/lib/rabbitmq/lib/rabbitmq_server-3.10.8/plugins";
  t.ok(rules.leavesOut(`${plugins}/rabbitmq_shovel-3.10.8/ebin/rabbit_shovel.beam`));
  t.ok(rules.leavesOut("/usr/lib/erlang/lib/snmp-5.13.3/ebin/snmp.beam"));
  for (const name of ["rabbitmq_management-3.10.8", "rabbitmq_prometheus-3.10.8", "ra-2.2.0"]) {
    t.notOk(rules.leavesOut(`${plugins}/${name}/ebin/${name}.app`), name);
  }
});

t.test("docs/smaller.md and the default stack tell every setting, its default and what it saves", async (t) => {
  const defaults: Readonly<Record<string, boolean>> = definition().slim;
  const rows = [
    ...readFileSync("docs/smaller.md", "utf8").matchAll(/^\| `(\w+)` \| (.+?) \| ([\d.]+) \| ([\d.]+) \|/gm),
  ];
  t.strictSame(
    rows.map(([, setting, what, raw, gz]) => ({ setting, what, raw: Number(raw), gz: Number(gz) })),
    Object.entries(slimFamilies).map(([setting, { what, saves }]) => {
      return { setting, what: defaults[setting] ? what : `(kept) ${what}`, ...saves };
    }),
  );
  for (const [setting, { saves }] of Object.entries(slimFamilies)) t.ok(saves.gz >= 1, `${setting} is worth a setting`);
  t.strictSame(
    parseDefinition(readFileSync("stack/stock-analysis.yaml", "utf8"), "stock-analysis.yaml").slim,
    defaults,
  );
  const shown = readFileSync("stack/stock-analysis.yaml", "utf8");
  for (const setting of settings) t.match(shown, new RegExp(`^  ${setting}: ${defaults[setting]}$`, "m"));
});
