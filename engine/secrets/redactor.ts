import { createHash } from "node:crypto";
import { secretForms } from "./secret-forms.ts";

export interface Redacted {
  readonly text: string;
  /** How often something was taken out. */
  readonly count: number;
}

const mark = "«secret»";

/** Characters that a value must have to be looked for within words; a shorter one only where it stands alone. */
const LEAST = 4;

/**
 * Takes values out of texts, in every writing that a program may have of them: as it is, escaped for JSON or an
 * address, in hexadecimal, in base64 with other bytes before it, as a list of numbers, and what servers check it by.
 * What looks like a secret of somebody else's goes too: keys, verifiers, passwords in addresses and assignments.
 */
export function redactor(values: readonly string[]): (text: string) => Redacted {
  const long = [...new Set(values.flatMap(pieces))].filter((value) => value.length >= LEAST);
  // The longest first: a form may be part of another.
  const written = [...new Set(long.flatMap(writings))].sort((a, b) => b.length - a.length);
  const short = [...new Set(values)].filter((value) => value.length > 0 && value.length < LEAST);
  return (text) => {
    let count = 0;
    let clean = text;
    for (const one of written) {
      if (!clean.includes(one)) continue;
      const parts = clean.split(one);
      count += parts.length - 1;
      clean = parts.join(mark);
    }
    for (const one of short) {
      clean = clean.replace(new RegExp(`(?<![\\w-])${one.replace(/[^\w\s]/g, "\\$&")}(?![\\w-])`, "g"), () => {
        count += 1;
        return mark;
      });
    }
    for (const { pattern, kept } of strangers) {
      clean = clean.replace(pattern, (...found) => {
        if (String(found[0]).includes(mark)) return String(found[0]);
        count += 1;
        return `${kept ? String(found[1]) : ""}${mark}`;
      });
    }
    return { text: clean, count };
  };
}

/** What nobody has told us and is secret all the same; `kept` is the part before it that stays. */
const strangers: readonly { readonly pattern: RegExp; readonly kept?: true }[] = [
  { pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g },
  { pattern: /SCRAM-SHA-256\$\d+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+/g },
  { pattern: /(\$(?:y|6|5|2[aby]|argon2\w*)\$)[./A-Za-z0-9$=,+]{20,}/g, kept: true },
  { pattern: /((?:Bearer|Basic) )[A-Za-z0-9+/=_.~-]{8,}/g, kept: true },
  { pattern: /(:\/\/[^\s:/@]*:)[^\s:/@]+(?=@)/g, kept: true },
  {
    pattern:
      /((?:password|passwd|passphrase|password_hash|api_?key|access_?key|secret_?key)["']?\s*[=:]\s*["']?)[^\s"',;&]{4,}/gi,
    kept: true,
  },
];

/** A value of several lines is found line by line, too. */
function pieces(value: string): string[] {
  const lines = value.split(/\r?\n/).map((line) => line.trim());
  return lines.length === 1 ? [value] : [value, ...lines.filter((line) => line.length >= 2 * LEAST)];
}

function writings(value: string): string[] {
  const bytes = Buffer.from(value);
  const hex = bytes.toString("hex");
  const scram = secretForms.scram(value);
  const [, , , stored = "", server = ""] = /^(.*):(.*)\$(.*):(.*)$/.exec(scram) ?? [];
  const plain = [
    value,
    JSON.stringify(value).slice(1, -1),
    [...value].reverse().join(""),
    encodeURIComponent(value),
    hex,
    hex.toUpperCase(),
    hex.replace(/../g, "%$&"),
    hex.toUpperCase().replace(/../g, "%$&"),
    hex.replace(/../g, "\\x$&"),
    [...bytes].join(","),
    [...bytes].join(", "),
    [...bytes].join(" "),
  ];
  const encoded = [0, 1, 2].flatMap((shift) => {
    const text = base64Inside(bytes, shift);
    return [text, text.replaceAll("+", "-").replaceAll("/", "_")];
  });
  const derived = [
    ...Object.values(secretForms).map((form) => form(value)),
    stored,
    server,
    createHash("md5").update(value).digest("hex"),
    createHash("sha256").update(value).digest("base64"),
  ];
  return [...plain, ...encoded, ...derived].filter((text) => text.length >= LEAST);
}

/** The characters of base64 that depend on these bytes alone, where so many others stand before them. */
function base64Inside(bytes: Buffer, before: number): string {
  const text = Buffer.concat([Buffer.alloc(before), bytes])
    .toString("base64")
    .replace(/=+$/, "");
  const end = (before + bytes.length) % 3 === 0 ? text.length : text.length - 1;
  return text.slice(before === 0 ? 0 : before + 1, end);
}
