import type { X509Certificate } from "node:crypto";
import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { StackError } from "../../lib/error.ts";
import { writeFileAtomic } from "../../lib/files.ts";
import type { ClusterModel, ClusterNode } from "../../stack/components/cluster/model.ts";
import type { Model, SecretName } from "../../stack/model.ts";
import { isAuthority, readCertificate } from "./authority.ts";

/** What makes a machine a member, and where it is. */
export interface Member {
  readonly place: ClusterNode;
  readonly authority: X509Certificate;
  readonly certificate: X509Certificate;
}

export interface MembershipFiles extends Pick<ClusterModel, "ca" | "certificate" | "key" | "folder"> {
  /** Root's alone. */
  readonly stateFolder: string;
  /** The authority's key: every member has it, so that any two can take in a third. */
  readonly authorityKey: string;
}

export function membershipFiles({ folder, ca, certificate, key }: ClusterModel, { paths }: Model): MembershipFiles {
  const stateFolder = join(paths.state, "cluster");
  return { folder, ca, certificate, key, stateFolder, authorityKey: join(stateFolder, "ca.key") };
}

/** The secrets that all members have the same. */
export function sharedSecrets({ secrets }: Pick<Model, "secrets">): readonly SecretName[] {
  return secrets.flatMap(({ name, shared }) => (shared ? [name] : []));
}

/** Undefined where the machine is no member, or has not all that one has, or another's. */
export async function readMember(files: MembershipFiles, place: ClusterNode): Promise<Member | undefined> {
  const [authority, certificate] = await Promise.all([readCertificate(files.ca), readCertificate(files.certificate)]);
  if (authority === undefined || certificate === undefined || !isAuthority(authority)) return undefined;
  const isOwn = certificate.checkIP(place.address) !== undefined && certificate.verify(authority.publicKey);
  return isOwn ? { place, authority, certificate } : undefined;
}

/** The same; a machine that is none is refused. @throws StackError `not-a-member` */
export async function requireMember(files: MembershipFiles, place: ClusterNode): Promise<Member> {
  const member = await readMember(files, place);
  if (member !== undefined) return member;
  throw new StackError("not-a-member", `this machine is node ${place.name}, and no member of the cluster yet`, {
    hint: "on the first node: stack-agent cluster init; on the others: stack-agent cluster join TOKEN",
  });
}

/** Makes the folder that is root's alone, or mends it. */
export async function ensureStateFolder({ stateFolder }: MembershipFiles): Promise<void> {
  await mkdir(stateFolder, { recursive: true, mode: 0o700 });
  await chmod(stateFolder, 0o700);
}

export type WriteKey = (path: string, text: string) => Promise<void>;

/** @param groupId of the accounts that read the node's key */
export function keyWriter(groupId: number): WriteKey {
  return (path, text) => writeFileAtomic(path, text, { mode: 0o640, uid: 0, gid: groupId });
}

/** The node's certificate comes last of all: without it the machine is no member, whatever else is there. */
export function forgetMembership({ certificate }: MembershipFiles): Promise<void> {
  return rm(certificate, { force: true });
}
