import { createPrivateKey, type X509Certificate } from "node:crypto";
import { StackError } from "../../lib/error.ts";
import { readTextIfAny, writeFileAtomic } from "../../lib/files.ts";
import { otherNodes } from "../../stack/components/cluster/model.ts";
import { isAuthority, makeKey, readCertificate, requestFor, signAuthority, signNode } from "./authority.ts";
import type { ClusterContext } from "./cluster-context.ts";
import { ensureStateFolder, readMember, sharedSecrets } from "./membership.ts";

/** Whether anybody answers there by TCP. */
export type Answers = (host: string, port: number) => Promise<boolean>;

/**
 * Makes the cluster's authority and its secrets, and this machine its first member. Each step leaves alone what is
 * there, and the machine is a member by the last: cut off anywhere, it is begun again and goes on.
 *
 * @returns false where it was a member already: nothing was changed
 * @throws StackError `cluster-exists`
 */
export async function initCluster(context: ClusterContext, answers: Answers): Promise<boolean> {
  const { model, place, files, secrets, writeKey, run } = context;
  const missing = await missingSecrets(context);
  if ((await readMember(files, place)) !== undefined && missing.length === 0) return false;
  await refuseSecond(context, answers);
  await ensureStateFolder(files);
  if ((await readTextIfAny(files.authorityKey)) === undefined) {
    await writeFileAtomic(files.authorityKey, makeKey(), { mode: 0o600 });
  }
  const known = await readCertificate(files.ca);
  if (known === undefined || !isAuthority(known) || !(await isOfKey(context, known))) {
    await writeFileAtomic(files.ca, await signAuthority(model.name, files.authorityKey, context), { mode: 0o644 });
  }
  for (const name of missing) await secrets.make(name);
  if ((await readTextIfAny(files.key)) === undefined) await writeKey(files.key, makeKey());
  const authority = { certificateFile: files.ca, keyFile: files.authorityKey };
  const certificate = await signNode(await requestFor(place, files.key, { run }), place, authority, context);
  await writeFileAtomic(files.certificate, certificate, { mode: 0o644 });
  return true;
}

async function missingSecrets({ model, secrets }: ClusterContext): Promise<string[]> {
  const names = sharedSecrets(model);
  const there = await Promise.all(names.map((name) => secrets.has(name)));
  return names.filter((_, index) => !there[index]);
}

/** Two authorities would be two clusters, neither of three. */
async function refuseSecond({ model, cluster, place }: ClusterContext, answers: Answers): Promise<void> {
  const ports = [...model.ports.flatMap(({ port, bind }) => (bind === "members" ? [port] : [])), cluster.joinPort];
  const found = await Promise.all(
    otherNodes(cluster, place).flatMap(({ name, address }) =>
      ports.map(async (port) => ((await answers(address, port)) ? [`${name} on ${address}:${port}`] : [])),
    ),
  );
  const [first] = found.flat();
  if (first === undefined) return;
  throw new StackError("cluster-exists", `the cluster is there already: ${first} answers`, {
    hint: "on that node: stack-agent cluster token; here: stack-agent cluster join TOKEN",
  });
}

async function isOfKey({ files }: ClusterContext, authority: X509Certificate): Promise<boolean> {
  const key = await readTextIfAny(files.authorityKey);
  return key !== undefined && authority.checkPrivateKey(createPrivateKey(key));
}
