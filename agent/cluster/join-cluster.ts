import { createPrivateKey, X509Certificate } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { StackError } from "../../lib/error.ts";
import { writeFileAtomic } from "../../lib/files.ts";
import type { askToJoin } from "./ask-to-join.ts";
import { keyHash, makeKey, requestFor } from "./authority.ts";
import type { ClusterContext } from "./cluster-context.ts";
import { ensureStateFolder, forgetMembership, readMember, sharedSecrets } from "./membership.ts";
import { parseToken } from "./token.ts";

/**
 * Makes this machine a member by a token of one that is. What it gets is written when all of it is there, the certificate
 * last: cut off anywhere it is no member, and joins again.
 *
 * @param address where the member is, HOST or HOST:PORT; default: its node's address
 * @returns false where it is a member of that cluster already: nothing was changed
 * @throws StackError `token-malformed`, `no-such-node`, `own-token`, as askToJoin does, `answer-invalid`
 */
export async function joinCluster(
  text: string,
  address: string | undefined,
  context: ClusterContext,
  ask: typeof askToJoin,
): Promise<boolean> {
  const { model, cluster, place, files, secrets, run, writeKey, now, signal } = context;
  const token = parseToken(text);
  const node = cluster.nodes.find(({ name }) => name === token.node);
  if (node === undefined) {
    throw new StackError("no-such-node", `the token is of a node ${token.node}, which this stack's cluster has not`, {
      hint: "make all three containers of one template",
    });
  }
  const member = await readMember(files, place);
  if (member !== undefined && keyHash(member.authority) === token.authority && (await hasSecrets(context)))
    return false;
  if (node.name === place.name) {
    throw new StackError("own-token", `the token is of this machine itself, node ${place.name}`, {
      hint: "join is for the others; cluster init makes the first",
    });
  }
  await ensureStateFolder(files);
  const key = makeKey();
  const keyFile = join(files.stateFolder, "node.key");
  await writeFileAtomic(keyFile, key, { mode: 0o600 });
  const { host, port } = placeOfIssuer(address, node.address, cluster.joinPort);
  const answer = await ask(
    { token, node, host, port, localAddress: place.address },
    {
      stack: model.name,
      nodes: Object.fromEntries(cluster.nodes.map(({ name, address }) => [name, address])),
      secret: token.secret,
      request: await requestFor(place, keyFile, { run }),
      now: now().getTime(),
    },
    signal,
  );
  refuseOther(answer, key, token.authority, context);
  await forgetMembership(files);
  await writeFileAtomic(files.authorityKey, answer.authorityKey, { mode: 0o600 });
  await writeFileAtomic(files.ca, answer.authority, { mode: 0o644 });
  for (const name of sharedSecrets(model)) await secrets.take(name, answer.secrets[name] ?? "");
  await writeKey(files.key, key);
  await writeFileAtomic(files.certificate, answer.certificate, { mode: 0o644 });
  await rm(keyFile, { force: true });
  return true;
}

async function hasSecrets({ model, secrets }: ClusterContext): Promise<boolean> {
  return (await Promise.all(sharedSecrets(model).map((name) => secrets.has(name)))).every(Boolean);
}

/** Nothing is written of an answer that does not fit together. */
function refuseOther(
  answer: { authority: string; authorityKey: string; certificate: string; secrets: Readonly<Record<string, string>> },
  key: string,
  hash: string,
  { model, place }: ClusterContext,
): void {
  const lacking = sharedSecrets(model).filter((name) => answer.secrets[name] === undefined);
  if (lacking.length === 0 && isWhole(answer, key, hash, place.address)) return;
  throw new StackError(
    "answer-invalid",
    lacking.length > 0
      ? `the member has no secret ${lacking.join(", ")}`
      : "what the member gave does not fit together",
    { hint: "make all three containers of one template" },
  );
}

function isWhole(
  answer: { authority: string; authorityKey: string; certificate: string },
  key: string,
  hash: string,
  address: string,
): boolean {
  try {
    const authority = new X509Certificate(answer.authority);
    const certificate = new X509Certificate(answer.certificate);
    return (
      keyHash(authority) === hash &&
      authority.checkPrivateKey(createPrivateKey(answer.authorityKey)) &&
      certificate.verify(authority.publicKey) &&
      certificate.checkPrivateKey(createPrivateKey(key)) &&
      certificate.checkIP(address) !== undefined
    );
  } catch {
    return false;
  }
}

/** @throws StackError `usage` */
function placeOfIssuer(
  given: string | undefined,
  address: string,
  port: number,
): { readonly host: string; readonly port: number } {
  if (given === undefined) return { host: address, port };
  const [, host, own] = /^([A-Za-z0-9.-]+)(?::(\d{1,5}))?$/.exec(given) ?? [];
  if (host === undefined) {
    throw new StackError("usage", "--address takes HOST or HOST:PORT", { hint: `e.g. --address ${address}`, exit: 64 });
  }
  return { host, port: own === undefined ? port : Number(own) };
}
