import { createHash, createHmac } from "node:crypto";
import t from "tap";
import { rabbitmqHash, scramVerifier, secretForms } from "../../../engine/secrets/secret-forms.ts";
import { secretMatches } from "../../../engine/secrets/secret-matches.ts";

t.test("a SCRAM verifier proves RFC 7677's example exchange", async (t) => {
  const verifier = scramVerifier("pencil", Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"), 4096);
  const [, storedKey = "", serverKey = ""] = /^SCRAM-SHA-256\$4096:W22Z[^$]*\$([^:]+):(.+)$/.exec(verifier) ?? [];
  const nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const exchange = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=${nonce}`;
  const hmac = (key: string) => createHmac("sha256", Buffer.from(key, "base64")).update(exchange).digest();
  t.equal(hmac(serverKey).toString("base64"), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "server signature");
  // ClientKey = ClientProof xor HMAC(StoredKey, AuthMessage), and StoredKey = sha256(ClientKey).
  const proof = Buffer.from("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", "base64");
  const clientKey = proof.map((byte, index) => byte ^ (hmac(storedKey)[index] ?? 0));
  t.equal(createHash("sha256").update(clientKey).digest("base64"), storedKey, "client proof");
});

t.test("a RabbitMQ hash is that of RabbitMQ's documentation", async (t) => {
  const documented = "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR";
  t.equal(rabbitmqHash("test12", Buffer.from("908dc60a", "hex")), documented);
  t.ok(secretMatches("test12", documented));
  t.notOk(secretMatches("test13", documented));
});

t.test("a secret has one text in each form, and it matches this secret only", async (t) => {
  const value = "q2w3e4r5t6z7u8i9o0pAsDfGhJkLyXcVbNm12345";
  for (const [form, write] of Object.entries(secretForms)) {
    t.equal(write(value), write(value), `${form} is the same each time`);
    t.ok(secretMatches(value, write(value)), `${form} matches`);
    t.notOk(secretMatches(`${value}x`, write(value)), `${form} of another does not match`);
    if (form !== "plain") t.notMatch(write(value), value, `${form} does not hold the value`);
  }
});

t.test("a verifier of another salt and iteration count still matches", async (t) => {
  t.ok(secretMatches("pencil", scramVerifier("pencil", Buffer.from("another salt"), 5000)));
  t.notOk(secretMatches("pencil", "SCRAM-SHA-256$4096:broken"));
  t.notOk(secretMatches("pencil", ""));
});
