import { createHash } from "node:crypto";
import { secretForms } from "../../../engine/secrets/secret-forms.ts";

/** What to look for of one secret. */
export interface Needle {
  readonly secret: string;
  readonly form: string;
  /** The value itself, in whatever writing; or what only a server should hold, which is as good as it for a guess. */
  readonly kind: "value" | "derived";
  readonly text: string;
}

/** A secret in every writing it is looked for in. */
export function needlesOf(secret: string, value: string): readonly Needle[] {
  const bytes = Buffer.from(value);
  const [, , , storedKey = "", serverKey = ""] = /^(.*):(.*)\$(.*):(.*)$/.exec(secretForms.scram(value)) ?? [];
  const hex = bytes.toString("hex");
  const values: readonly (readonly [string, string])[] = [
    ["raw", value],
    ["reversed", [...value].reverse().join("")],
    ["hex", hex],
    ["HEX", hex.toUpperCase()],
    ["percent-encoded", hex.toUpperCase().replace(/../g, "%$&")],
    // As Erlang and JavaScript print bytes.
    ["numbers", [...bytes].join(",")],
    ["numbers and blanks", [...bytes].join(", ")],
    ...[0, 1, 2].flatMap((shift) => {
      const text = base64Inside(bytes, shift);
      return [
        [`base64, ${shift} bytes before it`, text] as const,
        [`base64url, ${shift} bytes before it`, text.replaceAll("+", "-").replaceAll("/", "_")] as const,
      ];
    }),
  ];
  const derived: readonly (readonly [string, string])[] = [
    ["SCRAM stored key", storedKey],
    ["SCRAM server key", serverKey],
    ["RabbitMQ password hash", secretForms["rabbitmq-hash"](value)],
    ["sha256", secretForms.sha256(value)],
    ["md5", createHash("md5").update(value).digest("hex")],
  ];
  const needles = [
    ...values.map(([form, text]) => ({ secret, form, kind: "value", text }) as const),
    ...derived.map(([form, text]) => ({ secret, form, kind: "derived", text }) as const),
  ];
  return needles.filter(({ text }, index) => needles.findIndex((other) => other.text === text) === index);
}

/** The characters of base64 that depend on these bytes alone, where so many others stand before them. */
function base64Inside(bytes: Buffer, shift: number): string {
  const whole = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString("base64")
    .replace(/=+$/, "");
  const last = (shift + bytes.length) % 3 === 0 ? whole.length : whole.length - 1;
  return whole.slice(shift === 0 ? 0 : shift + 1, last);
}

/** Which secrets a text holds, and how: never the value, which a failed test must not show. */
export function found(text: string | Buffer, needles: readonly Needle[]): readonly string[] {
  const where = Buffer.isBuffer(text) ? text : Buffer.from(text);
  return needles.filter((needle) => where.includes(needle.text)).map(({ secret, form }) => `${secret} (${form})`);
}
