import { readdir } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import {
  givenValue,
  longestGivenSecret,
  readGivenSecret,
  removeGivenSecret,
  secretSince,
} from "../../../engine/secrets/given-secrets.ts";

t.test("a value is what was given, without the line end behind it", async (t) => {
  const kept = (text: string) => givenValue("key", Buffer.from(text)).toString();
  t.equal(kept("abc\n"), "abc");
  t.equal(kept("abc\r\n"), "abc");
  t.equal(kept("abc"), "abc");
  t.equal(kept("a\n\nb\n\n"), "a\n\nb\n", "one line end, not all");
  t.equal(kept(`${"x".repeat(longestGivenSecret)}\n`).length, longestGivenSecret);
});

t.test("nothing, too much and a NUL are refused, with what helps and never the value", async (t) => {
  const refused = (bytes: Buffer) => {
    try {
      givenValue("key", bytes);
    } catch (error) {
      return error;
    }
    return undefined;
  };
  t.match(refused(Buffer.alloc(0)), { code: "secret-invalid", message: /key is empty/, hint: /unset key/ });
  t.match(refused(Buffer.from("\r\n")), { message: /is empty/ });
  t.match(refused(Buffer.alloc(longestGivenSecret + 1, "x")), { message: /longer than 65536 bytes/ });
  t.match(refused(Buffer.from("top\0secret")), { message: /^the value for key has a NUL in it$/ });
});

t.test("one that is there can be read and taken away; one that isn't is none", async (t) => {
  const state = t.testdir({ secrets: { key: "abc" } });
  t.match(await readGivenSecret(state, "key"), Buffer.from("abc"));
  t.type(await secretSince(state, "key"), Date);
  await removeGivenSecret(state, "key");
  await removeGivenSecret(state, "key");
  t.equal(await readGivenSecret(state, "key"), undefined);
  t.equal(await secretSince(state, "key"), undefined);
  t.strictSame(await readdir(join(state, "secrets")), []);
});
