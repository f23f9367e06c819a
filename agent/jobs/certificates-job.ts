import { loadClusterParts } from "../../components/agent.ts";
import { run } from "../../lib/run.ts";
import { clusterContext } from "../cluster/cluster-context.ts";
import { renewCertificate } from "../cluster/renew-certificate.ts";
import { loadModel } from "../model/load-model.ts";
import type { RootJob } from "./root-job.ts";

/** Renews this machine's certificate of the cluster before it ends, and has its servers read it. */
export const certificatesJob: RootJob = async ({ log, signal }) => {
  const context = await clusterContext(await loadModel(), signal);
  if (!(await renewCertificate(context))) return;
  log("notice", "this machine's certificate of the cluster is renewed", { STACK_COMPONENT: "cluster" });
  const { model, secrets } = context;
  const look = { model, signal, run, secret: (name: string) => secrets.read(name) };
  for (const part of (await loadClusterParts(model)).values()) await part.certificateRenewed?.(look);
};
