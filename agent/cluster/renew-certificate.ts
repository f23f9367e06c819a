import { writeFileAtomic } from "../../lib/files.ts";
import { lifetimes, requestFor, signNode } from "./authority.ts";
import type { ClusterContext } from "./cluster-context.ts";
import { requireMember } from "./membership.ts";

/** It is renewed in the last third of its time: whoever was off for a month is not too late. */
const renewedBefore = lifetimes.node / 3;

/**
 * Gives this machine another certificate, for the same key, where the one it has ends soon. Each member has the
 * authority's key: none is waited for.
 *
 * @returns whether there is another one; what runs has to be told
 * @throws StackError `not-a-member`
 */
export async function renewCertificate(
  context: Pick<ClusterContext, "files" | "place" | "now" | "run">,
): Promise<boolean> {
  const { files, place, now } = context;
  const { certificate } = await requireMember(files, place);
  if (Date.parse(certificate.validTo) - now().getTime() > renewedBefore) return false;
  const authority = { certificateFile: files.ca, keyFile: files.authorityKey };
  const renewed = await signNode(await requestFor(place, files.key, context), place, authority, context);
  await writeFileAtomic(files.certificate, renewed, { mode: 0o644 });
  return true;
}
