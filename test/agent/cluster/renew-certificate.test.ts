import { readFileSync } from "node:fs";
import t from "tap";
import { initCluster } from "../../../agent/cluster/init-cluster.ts";
import { requireMember } from "../../../agent/cluster/membership.ts";
import { renewCertificate } from "../../../agent/cluster/renew-certificate.ts";
import { machine } from "./machine.ts";

const day = 86_400_000;

t.test("a certificate is renewed in the last third of its time, for the same key and address", async (t) => {
  const a = await machine(t.testdir(), 0);
  await t.rejects(renewCertificate(a), { code: "not-a-member" });
  await initCluster(a, async () => false);
  const in_ = (days: number) => ({ ...a, now: () => new Date(Date.now() + days * day) });
  const [before, key] = [readFileSync(a.files.certificate, "utf8"), readFileSync(a.files.key, "utf8")];
  t.equal(await renewCertificate(in_(59)), false);
  t.equal(readFileSync(a.files.certificate, "utf8"), before);
  t.equal(await renewCertificate(in_(61)), true);
  const { certificate } = await requireMember(a.files, a.place);
  t.ok(Date.parse(certificate.validTo) > Date.now() + 149 * day);
  t.equal(certificate.checkIP("127.0.9.1"), "127.0.9.1");
  t.equal(readFileSync(a.files.key, "utf8"), key);
  t.equal(await renewCertificate(in_(61)), false);
});
