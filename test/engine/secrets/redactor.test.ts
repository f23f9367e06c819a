import t from "tap";
import { redactor } from "../../../engine/secrets/redactor.ts";
import { scramVerifier } from "../../../engine/secrets/secret-forms.ts";
import { found, needlesOf } from "../../container/secrets/needles.ts";

const made = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dF3gH5jK7m";
const given = 'sk_live "quoted"\\ & ümlaut/+=';
const pem = "first line of a key\nsecond line of that key\r\nthird line of the key";

t.test("no value is left in any writing that the tests look for, each with other text around it", async (t) => {
  const redact = redactor([made, given, pem]);
  for (const value of [made, given]) {
    for (const { form, text } of needlesOf("it", value)) {
      const { text: clean, count } = redact(`before ${text} after; x${text}y`);
      t.strictSame(found(clean, [{ secret: "it", form, kind: "value", text }]), [], form);
      t.ok(count >= 2, `${form}: both are counted`);
      t.match(clean, /^before «secret» after; x«secret»y$/, `${form}: and nothing else goes`);
    }
  }
  t.notMatch(redact(JSON.stringify({ given })).text, "quoted");
  t.notMatch(redact(encodeURIComponent(given)).text, "quoted");
  t.notMatch(redact("a log has second line of that key alone").text, "second line");
  for (const before of ["", "u", "us", "user:"]) {
    const basic = Buffer.from(`${before}${made}`).toString("base64");
    t.notMatch(redact(`Authorization ${basic}`).text, basic.slice(8, 40));
  }
});

t.test("a short value goes where it stands alone", async (t) => {
  const redact = redactor(["ab", "", "a.c"]);
  t.equal(redact("ab cabin a.c abc (ab)").text, "«secret» cabin «secret» abc («secret»)");
});

t.test("what nobody told of and is secret all the same goes too", async (t) => {
  const redact = redactor([]);
  const verifier = scramVerifier("anything", Buffer.from("saltsaltsaltsalt"), 4096);
  const table = [
    ["-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\nrest", "«secret»\nrest"],
    [`role ${verifier} end`, "role «secret» end"],
    ["root:$y$j9T$abcdefghijklmnop$qrstuvwxyzABCDEF:1", "root:$y$«secret»:1"],
    ["Authorization: Bearer abcdef123456", "Authorization: Bearer «secret»"],
    ["http://joe:pass@proxy:3128/", "http://joe:«secret»@proxy:3128/"],
    ["PASSWORD=hunter22 x", "PASSWORD=«secret» x"],
    ['"password_hash": "abcdefgh"', '"password_hash": "«secret»"'],
    ["nothing here: password is asked for", "nothing here: password is asked for"],
  ] as const;
  for (const [text, clean] of table) t.equal(redact(text).text, clean);
  t.equal(redact("plain text").count, 0);
});
