import { networkInterfaces } from "node:os";
import { accountOwner } from "../../engine/actions/local-io.ts";
import { notANode } from "../../engine/facts/not-a-node.ts";
import { type SecretStore, secretStore } from "../../engine/secrets/secret-store.ts";
import { StackError } from "../../lib/error.ts";
import { type Run, run } from "../../lib/run.ts";
import { type ClusterModel, type ClusterNode, placeOf } from "../../stack/components/cluster/model.ts";
import type { Model } from "../../stack/model.ts";
import { keyWriter, type MembershipFiles, membershipFiles, type WriteKey } from "./membership.ts";

/** What the commands about a cluster work with, on one machine. */
export interface ClusterContext {
  readonly model: Model;
  readonly cluster: ClusterModel;
  readonly place: ClusterNode;
  readonly files: MembershipFiles;
  readonly secrets: SecretStore;
  readonly run: Run;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  /** Writes the node's key, for those who read it. */
  readonly writeKey: WriteKey;
}

/**
 * The same, of this machine.
 *
 * @throws StackError `no-cluster`, `not-a-node`, `no-such-user`
 */
export async function clusterContext(model: Model, signal: AbortSignal): Promise<ClusterContext> {
  const { cluster, paths } = model;
  if (cluster === undefined) {
    throw new StackError("no-cluster", "this stack is one machine: its definition has no section cluster", {
      hint: "docs/cluster.md tells how three containers are one stack",
    });
  }
  const addresses = Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address));
  const place = placeOf(cluster, addresses);
  if (place === undefined) {
    throw notANode(
      cluster,
      addresses.filter((address) => !/^(127\.|::1$|fe80:)/.test(address)),
    );
  }
  const { gid } = await accountOwner(`root:${cluster.group}`);
  return {
    ...{ model, cluster, place, run, signal, now: () => new Date() },
    files: membershipFiles(cluster, model),
    secrets: secretStore({ stateDirectory: paths.state, secrets: model.secrets, owner: accountOwner }),
    writeKey: keyWriter(gid),
  };
}
