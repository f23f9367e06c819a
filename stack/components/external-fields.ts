import * as z from "zod/mini";
import { eachOnce } from "../definition/fields.ts";
import { addressPattern } from "./external.ts";

/** What any component's `external` asks for. */
export function externalFields(what: string, defaultPort: number, tlsPort = defaultPort) {
  const port = tlsPort === defaultPort ? `${defaultPort}` : `${tlsPort}, without TLS ${defaultPort}`;
  return {
    addresses: z
      .array(
        z.string().check(
          z.regex(addressPattern, "must be HOST or HOST:PORT, e.g. db1.lan:5432; an IPv6 address in brackets"),
          z.refine((text) => Number(addressPattern.exec(text)?.[2] ?? 1) <= 65_535, "has no port that there is"),
        ),
      )
      .check(z.minLength(1, "names no server"), eachOnce, z.describe(`${what}, HOST:PORT each; default port: ${port}`)),
    tls: z._default(
      z.boolean().check(z.describe("Speak TLS, and with nobody whose certificate isn't of that host's name")),
      true,
    ),
    ca: z.optional(
      z
        .string()
        .check(
          z.regex(/^(\/[A-Za-z0-9._-]+)+$/, "must be a file's absolute path"),
          z.describe(
            "Certificates, PEM, of who has signed the servers', a file of your own; default: whom Debian knows",
          ),
        ),
    ),
  };
}

/** One more address of servers that have it, as `addresses`. */
export function addressField(what: string) {
  return z
    .string()
    .check(z.regex(addressPattern, "must be HOST or HOST:PORT; an IPv6 address in brackets"), z.describe(what));
}
