import { X509Certificate } from "node:crypto";
import type { FactReader } from "../../../engine/facts/fact-reader.ts";
import { notANode } from "../../../engine/facts/not-a-node.ts";
import { type ComponentFacts, inspectComponent, planComponent } from "../../../engine/plan/plan-files.ts";
import { resetComponent } from "../../../engine/plan/reset-component.ts";
import { defineStage, type Problem } from "../../../engine/stage.ts";
import { type ClusterModel, type ClusterNode, placeOf } from "../../../stack/components/cluster/model.ts";
import type { Model } from "../../../stack/model.ts";

interface ClusterFacts {
  readonly component: ComponentFacts;
  readonly addresses: readonly string[];
  /** Text of this machine's certificate; undefined: it is no member. */
  readonly certificate: string | undefined;
  /** Secrets that all members have, and this one lacks. */
  readonly lacking: readonly string[];
}

/** Whether the machine is a member of its cluster, and as whom. It becomes one by a command, not by provisioning. */
export const clusterStage = defineStage<"cluster", ClusterFacts>({
  id: "cluster",
  title: "Membership of the cluster",
  needs: ["system"],
  present: ({ cluster }) => cluster !== undefined,
  checks: () => [],
  inspect,
  preflight: (facts, { cluster }) => (cluster === undefined ? [] : preflight(facts, cluster)),
  plan: ({ component }) => ({ actions: planComponent(component, { wait: true }), unseen: [] }),
  reset: ({ component }, _, wish) => resetComponent(component, wish),
});

async function inspect(reader: FactReader, model: Model): Promise<ClusterFacts> {
  const shared = model.secrets.filter((secret) => secret.shared).map(({ name }) => name);
  const [component, addresses, certificate, there] = await Promise.all([
    inspectComponent(reader, model, "cluster"),
    reader.addresses(),
    model.cluster && reader.readText(model.cluster.certificate),
    Promise.all(shared.map((name) => reader.hasSecret(name))),
  ]);
  return { component, addresses, certificate, lacking: shared.filter((_, index) => !there[index]) };
}

function preflight({ addresses, certificate, lacking }: ClusterFacts, cluster: ClusterModel): Problem[] {
  const place = placeOf(cluster, addresses);
  if (place === undefined) {
    const { code, message, hint = "" } = notANode(cluster, addresses);
    return [{ code, message, hint, waits: true }];
  }
  if (certificate === undefined || lacking.length > 0) return [notAMember(place)];
  if (isOf(certificate, place)) return [];
  return [
    {
      code: "other-member",
      message: `its certificate is not for node ${place.name}, ${place.address}: this is a copy of another member`,
      hint: `stack-agent cluster token on a member, then here: stack-agent cluster join TOKEN`,
    },
  ];
}

function notAMember({ name }: ClusterNode): Problem {
  return {
    code: "not-a-member",
    message: `this machine is node ${name}, and no member of the cluster yet`,
    hint: "on the first node: stack-agent cluster init; on the others: stack-agent cluster join TOKEN",
    waits: true,
  };
}

function isOf(certificate: string, { address }: ClusterNode): boolean {
  try {
    return new X509Certificate(certificate).checkIP(address) !== undefined;
  } catch {
    return false;
  }
}
