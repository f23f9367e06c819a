/** Members on loopback: OpenSSL makes the certificates, and everything is said by TLS. */
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { copyFile, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import t, { type Test } from "tap";
import { answersAt } from "../../../agent/cluster/answers-at.ts";
import { askToJoin } from "../../../agent/cluster/ask-to-join.ts";
import { keyHash } from "../../../agent/cluster/authority.ts";
import { initCluster } from "../../../agent/cluster/init-cluster.ts";
import { joinCluster } from "../../../agent/cluster/join-cluster.ts";
import { listenForJoins } from "../../../agent/cluster/listen-for-joins.ts";
import { readMember, requireMember } from "../../../agent/cluster/membership.ts";
import { makeToken, storedToken, tokenText } from "../../../agent/cluster/token.ts";
import { tokenStore } from "../../../agent/cluster/token-store.ts";
import { waitFor } from "../../../lib/wait.ts";
import { machine } from "./machine.ts";

const nobody = async (): Promise<boolean> => false;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.9.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** The first member, waiting for others, and a way to give tokens. */
async function first(t: Test, { folder = t.testdir(), now = () => new Date(), stack = "shop" } = {}) {
  const port = await freePort();
  const stop = new AbortController();
  const a = await machine(folder, 0, { port, now, stack, signal: stop.signal });
  await initCluster(a, nobody);
  const tokens = tokenStore(a.files.stateFolder);
  const { authority } = await requireMember(a.files, a.place);
  const give = async (seconds = 60) => {
    const token = makeToken("a", keyHash(authority));
    await tokens.add(storedToken(token, now().getTime() + seconds * 1000), now().getTime());
    return token;
  };
  const token = await give();
  const words: string[] = [];
  const listening = listenForJoins(a, tokens, (_, text) => void words.push(text));
  await waitFor(() => answersAt("127.0.9.1", port), { what: "the member", timeout: 10_000 });
  t.teardown(async () => {
    stop.abort();
    await listening;
  });
  return { folder, port, a, give, tokens, token, words, listening };
}

t.test("init makes one member, whose keys nobody else reads; done twice it changes nothing", async (t) => {
  const folder = t.testdir();
  const a = await machine(folder, 0);
  t.equal(await initCluster(a, nobody), true);
  const member = await readMember(a.files, a.place);
  t.equal(member?.certificate.checkIP("127.0.9.1"), "127.0.9.1");
  t.equal(member?.certificate.checkIP("127.0.9.2"), undefined);
  t.equal(member?.certificate.subject, "CN=a");
  t.match(member?.certificate.keyUsage, ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"], "a server's and a client's");
  t.equal(statSync(a.files.authorityKey).mode & 0o777, 0o600);
  t.equal(statSync(a.files.stateFolder).mode & 0o777, 0o700);
  t.equal(statSync(a.files.key).mode & 0o777, 0o640);
  const before = readFileSync(a.files.certificate, "utf8");
  t.equal(await initCluster(a, nobody), false);
  t.equal(readFileSync(a.files.certificate, "utf8"), before);
});

t.test("cut off anywhere, init goes on with the authority and the secrets that are there", async (t) => {
  const a = await machine(t.testdir(), 0);
  await initCluster(a, nobody);
  const [secret, key] = [await a.secrets.read("redis.auth"), readFileSync(a.files.authorityKey, "utf8")];
  for (const lost of [[a.files.certificate], [a.files.certificate, a.files.key], [a.files.certificate, a.files.ca]]) {
    for (const path of lost) await rm(path);
    t.equal(await readMember(a.files, a.place), undefined);
    t.equal(await initCluster(a, nobody), true);
    t.ok(await readMember(a.files, a.place));
    t.equal(await a.secrets.read("redis.auth"), secret);
    t.equal(readFileSync(a.files.authorityKey, "utf8"), key);
  }
});

t.test("where another node answers there is a cluster already: no second one is made", async (t) => {
  const b = await machine(t.testdir(), 1);
  const answers = async (host: string, port: number): Promise<boolean> => host === "127.0.9.1" && port === 8090;
  await t.rejects(initCluster(b, answers), { code: "cluster-exists", message: /a on 127\.0\.9\.1:8090/, hint: /join/ });
  t.notOk(readdirSync(b.files.folder).includes("node.crt"));
});

t.test(
  "a token takes both others in: they have the authority, the secrets, and a certificate of their own",
  async (t) => {
    const { folder, port, a, token } = await first(t);
    for (const index of [1, 2] as const) {
      const other = await machine(folder, index, { port });
      t.equal(await joinCluster(tokenText(token), undefined, other, askToJoin), true);
      const member = await requireMember(other.files, other.place);
      t.equal(member.certificate.checkIP(other.place.address), other.place.address);
      t.equal(await other.secrets.read("postgres.app"), await a.secrets.read("postgres.app"));
      t.equal(readFileSync(other.files.authorityKey, "utf8"), readFileSync(a.files.authorityKey, "utf8"));
      t.not(readFileSync(other.files.key, "utf8"), readFileSync(a.files.key, "utf8"), "its key has not left it");
      const before = readFileSync(other.files.certificate, "utf8");
      t.equal(await joinCluster(tokenText(token), undefined, other, askToJoin), false, "twice changes nothing");
      t.equal(readFileSync(other.files.certificate, "utf8"), before);
      await rm(other.files.certificate);
      t.equal(await joinCluster(tokenText(token), undefined, other, askToJoin), true, "cut off, it joins again");
    }
  },
);

t.test("an expired, an unknown and another cluster's token are each told as what they are", async (t) => {
  let hours = 0;
  const { folder, port, token, give, words } = await first(t, { now: () => new Date(Date.now() + hours * 3_600_000) });
  const b = await machine(folder, 1, { port });
  const unknown = makeToken("a", token.authority);
  await t.rejects(joinCluster(tokenText(unknown), undefined, b, askToJoin), {
    code: "token-unknown",
    hint: /cluster token/,
  });
  t.match(words.at(-1), /127\.0\.9\.2 may not join/);
  t.notOk(words.join().includes(unknown.secret));
  await give(7_200);
  hours = 1;
  await t.rejects(joinCluster(tokenText(token), undefined, b, askToJoin), { code: "token-expired" });
  hours = 0;
  const foreign = makeToken("a", "x".repeat(43));
  await t.rejects(joinCluster(tokenText(foreign), undefined, b, askToJoin), {
    code: "authority-differs",
    message: /nothing was sent/,
  });
  await t.rejects(joinCluster(tokenText({ ...token, node: "d" }), undefined, b, askToJoin), { code: "no-such-node" });
  await t.rejects(joinCluster(tokenText({ ...token, node: "b" }), undefined, b, askToJoin), { code: "own-token" });
  t.equal(await readMember(b.files, b.place), undefined);
  t.same(
    readdirSync(b.files.folder).filter((name) => /crt|secrets/.test(name)),
    [],
    "nothing is half written",
  );
});

t.test("ten wrong tokens, and none is valid any more", async (t) => {
  const { folder, port, token, listening } = await first(t);
  const b = await machine(folder, 1, { port });
  for (let time = 0; time < 10; time++) {
    await t.rejects(joinCluster(tokenText(makeToken("a", token.authority)), undefined, b, askToJoin), {
      code: "token-unknown",
    });
  }
  await listening;
  await t.rejects(joinCluster(tokenText(token), undefined, b, askToJoin), { code: "unreachable" });
});

t.test("only a node's address may join, and only as that node; a stack of other nodes may not", async (t) => {
  const { folder, port, token } = await first(t);
  const b = await machine(folder, 1, { port });
  const from =
    (localAddress: string): typeof askToJoin =>
    (issuer, ...rest) =>
      askToJoin({ ...issuer, localAddress }, ...rest);
  await t.rejects(joinCluster(tokenText(token), undefined, b, from("127.0.9.7")), { code: "not-a-node" });
  await t.rejects(joinCluster(tokenText(token), undefined, b, from("127.0.9.1")), { code: "not-a-node" });
  await t.rejects(joinCluster(tokenText(token), undefined, b, from("127.0.9.3")), { code: "answer-invalid" });
  const other = await machine(`${folder}/other`, 1, { port, stack: "store" });
  await t.rejects(joinCluster(tokenText(token), undefined, other, askToJoin), { code: "other-stack" });
});

t.test("clocks that differ are told before anybody joins", async (t) => {
  const { folder, port, token } = await first(t);
  const b = await machine(folder, 1, { port, now: () => new Date(Date.now() - 3_600_000) });
  await t.rejects(joinCluster(tokenText(token), undefined, b, askToJoin), {
    code: "clock-differs",
    message: /differ by 36\d\d s|differ by 3599 s/,
  });
  const stale = await first(t, { folder: `${folder}/later`, now: () => new Date(Date.now() + 30 * 86_400_000) });
  const c = await machine(stale.folder, 2, { port: stale.port });
  await t.rejects(joinCluster(tokenText(stale.token), undefined, c, askToJoin), {
    code: "clock-differs",
    hint: /timedatectl/,
  });
});

t.test(
  "who answers elsewhere is asked only if it is that node of that cluster; nobody at all is told too",
  async (t) => {
    const { folder, port, token } = await first(t);
    const b = await machine(folder, 1, { port });
    await t.rejects(joinCluster(tokenText(token), "127.0.9.1:1", b, askToJoin), {
      code: "unreachable",
      hint: /cluster token/,
    });
    await t.rejects(joinCluster(tokenText(token), "a b", b, askToJoin), { code: "usage", exit: 64 });
    const wrongNode = { ...token, node: "c" };
    await t.rejects(joinCluster(tokenText(wrongNode), `127.0.9.1:${port}`, b, askToJoin), {
      code: "certificate-invalid",
    });
    t.equal(await joinCluster(tokenText(token), `127.0.9.1:${port}`, b, askToJoin), true);
  },
);

t.test("the member stops waiting when no token is valid any more", async (t) => {
  const { tokens, listening, port } = await first(t);
  await tokens.clear();
  await listening;
  t.equal(await answersAt("127.0.9.1", port), false);
});

t.test("a copy of another member is none: its certificate is of another address", async (t) => {
  const folder = t.testdir();
  const a = await machine(folder, 0);
  await initCluster(a, nobody);
  const b = await machine(folder, 1);
  for (const name of ["ca", "certificate", "key"] as const) await copyFile(a.files[name], b.files[name]);
  await t.rejects(requireMember(b.files, b.place), { code: "not-a-member", hint: /cluster join/ });
});
