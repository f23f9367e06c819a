import t from "tap";
import { isStackError } from "../../lib/error.ts";
import { type PaperNode, paperNode } from "./paper-node.ts";

t.setTimeout(300_000);

// What only the REST API has: tokens, tickets, privileges. On paper no container has an address, so
// a deployment that got through ends with `no-address`: asserted as that, never as healthy.

const asFarAsPaperGoes = { code: "no-address" };

function asked(paper: PaperNode, request: RegExp): number {
  return paper.node.state.carriedOut.filter((what) => request.test(what)).length;
}

const creations = (paper: PaperNode): number => asked(paper, /^POST \/nodes\/pve1\/lxc$/);

t.test("a ticket that expires during it is renewed, and nothing is done twice", async (t) => {
  const paper = await paperNode(t);
  paper.node.access.addUser("ann@pam", "a password");
  paper.door.faults.before = { request: /upload$/, act: () => paper.node.access.expireTickets() };
  const as = { kind: "password", user: "ann@pam", password: "a password" } as const;
  await t.rejects(paper.deploy(await paper.template(), { as }), asFarAsPaperGoes);
  t.equal(asked(paper, /upload$/), 1);
  t.equal(creations(paper), 1);
});

t.test("a password that is no longer right is told, once", async (t) => {
  const paper = await paperNode(t);
  const as = { kind: "password", user: "ann@pam", password: "a password" } as const;
  await t.rejects(paper.deploy(await paper.template(), { as }), {
    code: "not-authenticated",
    message: /authentication failure/,
  });
});

t.test("a token of too little power is told what it lacks, before a byte is sent", async (t) => {
  const paper = await paperNode(t);
  const token = paper.token({ "/storage": ["Datastore.Audit"], "/vms/120": ["VM.Audit"], "/sdn": ["SDN.Use"] });
  const error: unknown = await paper.deploy(await paper.template(), { token }).catch((reason: unknown) => reason);
  t.ok(isStackError(error));
  t.match(error, { code: "missing-privileges", message: /\/storage\/local: Datastore\.AllocateTemplate; / });
  t.match(error, {
    hint: /pveum role add StackDeployer --privs ".*VM\.Allocate .*"\npveum acl modify \/storage\/local --tokens/,
  });
  t.equal(asked(paper, /^(POST|PUT|DELETE) /), 0);
});

t.test("with exactly the privileges that are asked for it goes through", async (t) => {
  const paper = await paperNode(t);
  const { neededPrivileges } = await import("../../installer/preflight/privileges.ts");
  const { wantedOf } = await import("./facts.ts");
  const token = paper.token(neededPrivileges(wantedOf(), "8.4.1"));
  await t.rejects(paper.deploy(await paper.template(), { token }), asFarAsPaperGoes);
});
