import t from "tap";
import { rabbitmqHash, scramVerifier } from "../../../engine/secrets/secret-forms.ts";
import { found, needlesOf } from "../../container/secrets/needles.ts";

const value = "abcdefghijABCDEFGHIJ0123456789klmnopKLMN";
const needles = needlesOf("redis.auth", value);
const holds = (text: string | Buffer): boolean => found(text, needles).length > 0;

t.test("a secret is found in every writing, wherever it stands", async (t) => {
  for (const before of ["", "u", "u:", "u:p", "user"]) {
    for (const after of ["", "x", "xy", "xyz"]) {
      const text = `${before}${value}${after}`;
      const bytes = Buffer.from(text);
      t.ok(holds(text), "raw");
      for (const encoding of ["base64", "base64url", "hex"] as const) {
        t.ok(holds(`token=${bytes.toString(encoding)}&`), `${encoding} of ${before}VALUE${after}`);
      }
    }
  }
  t.ok(holds(encodeURIComponent(value)));
  t.ok(holds([...Buffer.from(value)].map((byte) => `%${byte.toString(16).toUpperCase()}`).join("")));
  t.notOk(holds(value.slice(1)));
});

t.test("so is what the agent derives of it", async (t) => {
  const { createHmac } = await import("node:crypto");
  const salt = (purpose: string, bytes: number) =>
    createHmac("sha256", value).update(`stack-agent salt: ${purpose}`).digest().subarray(0, bytes);
  t.ok(holds(scramVerifier(value, salt("scram", 16), 4096)));
  t.ok(holds(rabbitmqHash(value, salt("rabbitmq", 4))));
});

t.test("what is told of a find is the secret's name and its writing, never its value", async (t) => {
  for (const line of found(value, needles)) t.notMatch(line, value);
});
