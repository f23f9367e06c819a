import { faultList, type Probe } from "./probe.ts";
import { places, window } from "./window.ts";

interface Secret {
  readonly what: string;
  /** A text that is quick to find, which every one of the kind holds. */
  readonly marker: string;
  /** Bytes before the marker that the pattern needs. */
  readonly before?: number;
  readonly pattern: RegExp;
  /** Where it is looked for; default everywhere. */
  readonly within?: RegExp;
}

/** Bytes of content that a pattern is given after its marker. */
const reach = 1024;

/**
 * A key is one that has a body: programs hold the bare header line to compare with. Line
 * ends may be written as `\n`, as in JSON.
 */
const secrets: readonly Secret[] = [
  {
    what: "a private key",
    marker: "-----BEGIN ",
    pattern:
      /^-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[rn])+(?:[\w-]+: [^\n\\]*(?:\r?\n|\\n))*(?:\s|\\[rn])*[A-Za-z0-9+/=]{32,}/,
  },
  {
    what: "the beginning of a private key",
    marker: "PRIVATE KEY-----",
    before: 32,
    pattern: /(?:^|\n)-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/,
    within: /^\.\/(etc|root|home|srv|var)\//,
  },
  { what: "a PuTTY key", marker: "PuTTY-User-Key-File-", pattern: /^PuTTY-User-Key-File-\d: \S+\r?\nEncryption: / },
  { what: "an age key", marker: "AGE-SECRET-KEY-1", pattern: /^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}/ },
  { what: "a token of npm", marker: ":_authToken=", pattern: /^:_authToken=[^\s$]{8,}/ },
  {
    what: "a token of GitHub",
    marker: "gh",
    pattern: /^gh[pousr]_[A-Za-z0-9]{36}\b/,
    within: /^\.\/(etc|root|home|srv)\//,
  },
  { what: "a key of AWS", marker: "AKIA", pattern: /^AKIA[0-9A-Z]{16}\b/, within: /^\.\/(etc|root|home|srv|opt)\// },
  {
    what: "an address with a password",
    marker: "://",
    pattern: /^:\/\/[^\s/:@"'<>]+:[^\s/@"'<>$%{]+@[\w.-]+/,
    within: /^\.\/etc\/(?:apt|pip|environment|profile|npmrc|default|wgetrc|systemd)/,
  },
  {
    what: "a proxy",
    marker: "roxy",
    before: 16,
    pattern: /(?:^|\n)[^#\n]*(?:Acquire::\w+::Proxy|https?_proxy=)\s*"?\w+:\/\//i,
    within: /^\.\/etc\/(apt\/|environment$|profile|wgetrc$)/,
  },
];

/** Keys that everybody has: GnuTLS tests itself with them at each start. */
const published = /^\.\/usr\/lib\/[\w-]+\/libgnutls\.so\.[\d.]+$/;

/** No secret in any file, wherever it lies. */
export function secretsProbe(): Probe {
  const faults = faultList();
  return {
    name: "secrets",
    title: "no private key, token or password in any file",
    content: ({ member: { name } }) => {
      if (published.test(name)) return undefined;
      const found = new Set<string>();
      const wanted = secrets.filter(({ within }) => within === undefined || within.test(name));
      return window(reach, (bytes) => {
        for (const { what, marker, before = 0, pattern } of wanted) {
          if (found.has(what)) continue;
          for (const at of places(bytes, marker)) {
            if (!pattern.test(bytes.toString("latin1", Math.max(0, at - before), at + reach))) continue;
            if (what === "the beginning of a private key" && found.has("a private key")) break;
            found.add(what);
            faults.add(`/${name.slice(2)} holds ${what}`);
            break;
          }
        }
      });
    },
    findings: faults.all,
  };
}
