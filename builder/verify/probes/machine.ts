import { X509Certificate } from "node:crypto";
import { faultList, type Probe } from "./probe.ts";
import { places, window } from "./window.ts";

/** What would give away the machine that a template was built on: this one, perhaps. */
export interface MachineTraits {
  readonly hostname: string;
  /** PEM texts of the authorities it trusts. */
  readonly authorities: string;
  /** PEM texts of authorities that are public knowledge: Mozilla's, as Node carries them. */
  readonly publicAuthorities: readonly string[];
}

const debian = "./usr/share/ca-certificates/";
const longest = 16 * 1024;
const begin = "-----BEGIN CERTIFICATE-----";
const end = "-----END CERTIFICATE-----";

/**
 * Nothing of this machine: its name, and certificates that it alone trusts. A build behind a
 * company's proxy is lent those, and they must not stay.
 */
export function machineProbe({ hostname, authorities, publicAuthorities }: MachineTraits): Probe {
  const known = new Set(publicAuthorities.map(body));
  const own = new Set(certificates(authorities).filter((one) => !known.has(one)));
  /** Files by the certificate of this machine's own that they hold. */
  const holders = new Map<string, Set<string>>();
  const faults = faultList();
  const telling = hostname.length > 4 && !["debian", "localhost"].includes(hostname);
  return {
    name: "machine",
    title: "nothing of this machine: its name, the authorities that it alone trusts",
    content: ({ member: { name } }) => {
      let named = false;
      return window(longest, (bytes) => {
        if (telling && !named && name.startsWith("./etc/") && holdsName(bytes, hostname)) {
          named = true;
          faults.add(`/${name.slice(2)} names this machine, ${hostname}`);
        }
        if (own.size === 0) return;
        for (const at of places(bytes, begin)) {
          const [one] = certificates(bytes.toString("latin1", at, at + longest));
          if (one !== undefined && own.has(one)) holders.set(one, (holders.get(one) ?? new Set()).add(name));
        }
      });
    },
    findings: () => {
      for (const [certificate, names] of holders) {
        if ([...names].some((name) => name.startsWith(debian))) continue;
        for (const name of names) {
          faults.add(`/${name.slice(2)} holds a certificate of this machine's own: ${subjectOf(certificate)}`);
        }
      }
      return faults.all();
    },
  };
}

/** A name by itself, not a part of a longer word: machines are called `build` or `server` too. */
function holdsName(bytes: Buffer, hostname: string): boolean {
  const wordy = /[\w-]/;
  for (const at of places(bytes, hostname)) {
    const around = [bytes[at - 1], bytes[at + hostname.length]];
    if (!around.some((byte) => byte !== undefined && wordy.test(String.fromCharCode(byte)))) return true;
  }
  return false;
}

/** The base64 of each certificate in a text, without its line ends. */
function certificates(text: string): string[] {
  return text
    .split(begin)
    .slice(1)
    .flatMap((part) => (part.includes(end) ? [body(part.slice(0, part.indexOf(end)))] : []));
}

function body(pem: string): string {
  return pem.replace(begin, "").replace(end, "").replace(/\s+/g, "");
}

function subjectOf(certificate: string): string {
  try {
    return new X509Certificate(Buffer.from(certificate, "base64")).subject.replaceAll("\n", ", ");
  } catch {
    return "one that can't be read";
  }
}
