import t from "tap";
import { judgeSecret, makeToken, parseToken, storedToken, tokenText } from "../../../agent/cluster/token.ts";
import { tokenStore } from "../../../agent/cluster/token-store.ts";

const hash = "h".repeat(43);

t.test("a token is one word that says who gave it, and comes back whole", async (t) => {
  const token = makeToken("a", hash);
  t.same(parseToken(`${tokenText(token)}\n`), token);
  t.not(makeToken("a", hash).secret, token.secret);
  const wrong = ["", "a", `a.${token.secret}`, tokenText(token).slice(1), tokenText(token).slice(0, -1)];
  for (const text of wrong) {
    t.throws(() => parseToken(text), { code: "token-malformed", exit: 64 });
  }
  try {
    parseToken(`a.${token.secret}.short`);
    t.fail("it is no token");
  } catch (error) {
    t.notOk(JSON.stringify(error, Object.getOwnPropertyNames(error)).includes(token.secret), "no error has the secret");
  }
});

t.test("what is kept of it is a hash with its end; a secret is valid, expired or unknown", async (t) => {
  const one = makeToken("a", hash);
  const other = makeToken("a", hash);
  const stored = [storedToken(one, 2_000), storedToken(other, 1_000)];
  t.notOk(JSON.stringify(stored).includes(one.secret));
  t.equal(judgeSecret(one.secret, stored, 1_999), "valid");
  t.equal(judgeSecret(one.secret, stored, 2_000), "expired");
  t.equal(judgeSecret(other.secret, stored, 1_500), "expired");
  t.equal(judgeSecret(makeToken("a", hash).secret, stored, 0), "unknown");
  t.equal(judgeSecret("", [], 0), "unknown");
});

t.test("tokens are kept until they are over; a file that can't be read lets nobody in", async (t) => {
  const folder = t.testdir({ broken: { "tokens.json": '[{"hash":"' } });
  const store = tokenStore(folder);
  t.same(await store.all(), []);
  const [one, two] = [makeToken("a", hash), makeToken("a", hash)];
  await store.add(storedToken(one, 1_000), 0);
  await store.add(storedToken(two, 3_000), 500);
  t.equal((await store.all()).length, 2);
  await store.add(storedToken(makeToken("a", hash), 9_000), 2_000);
  t.same(
    (await store.all()).map(({ expires }) => expires),
    [3_000, 9_000],
  );
  await store.clear();
  t.same(await store.all(), []);
  t.same(await tokenStore(`${folder}/broken`).all(), []);
});
