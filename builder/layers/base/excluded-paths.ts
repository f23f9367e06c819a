import { componentSlim } from "../../../stack/components/slim.ts";
import type { Definition } from "../../../stack/definition/schema.ts";

/** What one setting leaves out of the template. docs/smaller.md tells users the same, and what breaks. */
export interface SlimFamily {
  readonly what: string;
  /** MB (10⁶ bytes) in the archive, raw and by pigz -6: test/bench/slim.ts measures them. */
  readonly saves: { readonly raw: number; readonly gz: number };
  /** dpkg's path-exclude and path-include rules, the last that matches wins. `language`: "en" of en_US.UTF-8. */
  rules(language: string): readonly string[];
}

/** Languages of the character sets and sorting tables that `charsets` leaves out; zh_CN's table is other languages' too. */
const eastAsian = ["zh", "cmn", "nan", "yue", "hak", "lzh", "bo", "ug", "ja", "ko"];

/** By setting: the only place that knows which files each stands for, but for those that components bring. */
const ownFamilies: Readonly<Record<string, SlimFamily>> = {
  man: {
    what: "manual pages",
    saves: { raw: 10.7, gz: 8.7 },
    // PostgreSQL's own in /usr/share/postgresql must stay: its postinst fails without.
    rules: () => exclude("/usr/share/man/*"),
  },
  docs: {
    what: "documentation but for copyright texts, info pages, lintian's overrides",
    saves: { raw: 22.3, gz: 17.7 },
    rules: () => [
      ...exclude("/usr/share/doc/*", "/usr/share/info/*", "/usr/share/lintian/*"),
      ...include("/usr/share/doc/*/copyright"),
    ],
  },
  translations: {
    what: "messages of programs in other languages than English and the locale's",
    saves: { raw: 86.8, gz: 27.1 },
    rules: (language) => [
      ...exclude("/usr/share/locale/*"),
      ...include("/usr/share/locale/locale.alias", "/usr/share/locale/en*"),
      ...(language === "en" ? [] : include(`/usr/share/locale/${language}*`)),
    ],
  },
  charsets: {
    what: "iconv's and Perl's East Asian and mainframe character sets, sources of charmaps but UTF-8, Chinese sorting",
    saves: { raw: 23, gz: 8 },
    rules: (language) =>
      eastAsian.includes(language)
        ? []
        : [
            ...exclude(...convertersOf("BIG5", "CP932", "EBCDIC-", "EUC-", "GB", "IBM1", "IBM9", "ISO-2022-")),
            ...exclude(...convertersOf("JOHAB", "SHIFT_JIS", "SJIS", "UHC", "libCNS", "libGB", "libJIS", "libKSC")),
            ...exclude(...["CN", "JP", "KR", "TW"].map((name) => `/usr/lib/*/perl/*/auto/Encode/${name}/*`)),
            ...exclude("/usr/share/i18n/charmaps/*"),
            ...include("/usr/share/i18n/charmaps/UTF-8.gz"),
            ...exclude("/usr/share/i18n/locales/cns11643_stroke", "/usr/share/i18n/locales/iso14651_t1_pinyin"),
          ],
  },
  sanitizers: {
    what: "run-time libraries of gcc -fsanitize=",
    saves: { raw: 29.1, gz: 10.2 },
    rules: () => exclude(...["asan", "lsan", "tsan", "ubsan"].map((name) => `/usr/lib/*/lib${name}*`)),
  },
  compilerTools: {
    what: "tools that look into programs: lto-dump, gprofng, dwp",
    saves: { raw: 39.3, gz: 14.1 },
    rules: () =>
      exclude(
        "/usr/bin/*lto-dump*",
        "/usr/bin/*gprofng*",
        "/usr/bin/*gp-archive",
        "/usr/bin/*gp-collect-app",
        "/usr/bin/*gp-display-*",
        "/usr/bin/*dwp",
        "/usr/lib/*/gprofng/*",
        "/usr/lib/*/libgprofng*",
      ),
  },
  staticLibraries: {
    what: "static libraries of libc, OpenSSL, libpq and others, for gcc -static",
    saves: { raw: 21.2, gz: 5.8 },
    rules: () =>
      exclude(
        ...["c", "crypt", "crypto", "m-*", "mvec", "nsl", "pq", "resolv", "ssl", "tirpc"].map(
          (name) => `/usr/lib/*-linux-gnu/lib${name}.a`,
        ),
      ),
  },
  lto: {
    what: "the compiler of gcc -flto",
    saves: { raw: 32, gz: 11.9 },
    rules: () => exclude("/usr/lib/gcc/*/lto1"),
  },
  gitServer: {
    what: "Git's servers and two old transports: git daemon, http-backend, http-push, imap-send",
    saves: { raw: 8.7, gz: 4.4 },
    rules: () =>
      exclude(...["daemon", "http-backend", "http-push", "imap-send"].map((name) => `/usr/lib/git-core/git-${name}`)),
  },
};

/** By setting of the section `slim`. */
export const slimFamilies: Readonly<Record<string, SlimFamily>> = {
  ...ownFamilies,
  ...Object.fromEntries(
    Object.entries(componentSlim).map(([setting, { what, saves, excludes }]) => [
      setting,
      { what, saves, rules: () => exclude(...excludes) },
    ]),
  ),
};

/**
 * dpkg's rules of what a definition leaves out of its template. They apply before a package
 * is unpacked, and dpkg keeps them, so later upgrades follow.
 */
export function excludedPaths({ slim, locale }: Pick<Definition, "slim" | "locale">): string[] {
  const language = locale.split("_")[0] ?? "en";
  const settings: Readonly<Record<string, boolean>> = slim;
  return Object.entries(slimFamilies).flatMap(([setting, { rules }]) => (settings[setting] ? rules(language) : []));
}

function exclude(...paths: readonly string[]): string[] {
  return paths.map((path) => `path-exclude=${path}`);
}

function include(...paths: readonly string[]): string[] {
  return paths.map((path) => `path-include=${path}`);
}

/** glibc's converters whose names begin so. */
function convertersOf(...names: readonly string[]): string[] {
  return names.map((name) => `/usr/lib/*/gconv/${name}*.so`);
}
