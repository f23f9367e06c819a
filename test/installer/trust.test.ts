import { X509Certificate } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { connect } from "../../installer/node/connect.ts";
import { openApiDoor } from "../node/api-door.ts";
import { nodeIdentity } from "../node/node-identity.ts";
import { paperNode } from "./paper-node.ts";

const paper = await paperNode(t);
const { fingerprint256 } = new X509Certificate(paper.identity.cert);
const [user = "", secret = ""] = paper.own.split("=");
const target = {
  to: paper.to,
  credentials: { kind: "token", user, secret },
  signal: new AbortController().signal,
} as const;

async function asks(how: Partial<Parameters<typeof connect>[0]>): Promise<string> {
  const { node, transport } = await connect({ ...target, ...how });
  await transport.close();
  return node.name;
}

t.test(
  "a node is trusted by the authority that signed its certificate, or by the certificate's fingerprint",
  async (t) => {
    t.equal(await asks({ caFile: paper.identity.caFile }), "pve1");
    t.equal(await asks({ fingerprint: fingerprint256 }), "pve1");
    t.equal(await asks({ fingerprint: fingerprint256.replaceAll(":", "").toLowerCase() }), "pve1");
  },
);

t.test(
  "a node that is trusted by nothing gets no request; its fingerprint is told, and how to compare it",
  async (t) => {
    const before = paper.node.state.carriedOut.length;
    await t.rejects(asks({}), {
      code: "untrusted-certificate",
      detail: [`SHA-256 ${fingerprint256}`, /subject pve1\.example\.org/],
      hint: /pvenode cert info.*--fingerprint.*--ca-file/,
    });
    t.equal(paper.node.state.carriedOut.length, before);
  },
);

t.test("with a wrong fingerprint nothing is sent, and both are told", async (t) => {
  const before = paper.node.state.carriedOut.length;
  const wrong = fingerprint256.replace(/^../, (byte) => (byte === "00" ? "01" : "00"));
  await t.rejects(asks({ fingerprint: wrong }), {
    code: "untrusted-certificate",
    detail: [`expected ${wrong}`, `seen     ${fingerprint256}`],
  });
  t.equal(paper.node.state.carriedOut.length, before);
});

t.test("another node's authority, and another name than the certificate's, are not trusted", async (t) => {
  const other = await nodeIdentity(join(paper.folder, "other"));
  await t.rejects(asks({ caFile: other.caFile }), { code: "untrusted-certificate" });
  const elsewhere = await openApiDoor(paper.node, paper.identity, { host: "127.0.0.2" });
  t.teardown(() => elsewhere.close());
  const to = `127.0.0.2:${elsewhere.port}`;
  await t.rejects(asks({ caFile: paper.identity.caFile, to }), { code: "untrusted-certificate", cause: /altnames/ });
  t.equal(await asks({ fingerprint: fingerprint256, to }), "pve1", "a fingerprint asks for no name");
});

t.test("an authority's file that isn't there is told", async (t) => {
  await t.rejects(asks({ caFile: join(paper.folder, "none.pem") }), { code: "no-ca-file", exit: 64 });
});

t.test("a port where nobody listens is a node that does not answer", async (t) => {
  await t.rejects(asks({ to: "127.0.0.1:1", caFile: paper.identity.caFile }), {
    code: "node-unreachable",
    hint: /port 1 open/,
  });
});

t.test("a wrong token is told as what it is, without the secret", async (t) => {
  const wrong = { kind: "token", user, secret: "00000000-0000-0000-0000-00000000beef" } as const;
  const error: unknown = await asks({ caFile: paper.identity.caFile, credentials: wrong }).catch(
    (reason: unknown) => reason,
  );
  t.match(error, { code: "not-authenticated", message: /Authentication failed!/ });
  t.notMatch(JSON.stringify(error), /beef/);
});

t.test("an authority's file may hold more than one certificate", async (t) => {
  const other = await nodeIdentity(join(paper.folder, "third"));
  const both = join(paper.folder, "both.pem");
  await writeFile(both, (await readFile(other.caFile, "utf8")) + paper.identity.ca);
  t.equal(await asks({ caFile: both }), "pve1");
});
