import t from "tap";
import { clusterStatus } from "../../../agent/cluster/cluster-status.ts";
import { clusterTable } from "../../../agent/cluster/cluster-table.ts";
import type { EngineMember } from "../../../engine/cluster-part.ts";
import { clusterDocument } from "../../../stack/documents/cluster.ts";
import { clusterModelOf } from "./machine.ts";

const model = clusterModelOf(8090);
const look = { model, signal: new AbortController().signal, secret: async () => "" };
const ends = async () => new Date("2027-02-28T12:00:00Z");

const servers = (...states: EngineMember["status"][]): EngineMember[] =>
  ["a", "b", "c"].map((node, index) => {
    const status = states[index] ?? "pass";
    return { node, status, role: index === 0 ? "leader" : "replica", ...(index > 0 && { lag: "12 MB" }) };
  });

const of = (postgres: readonly EngineMember[]) => {
  const part = { members: async () => postgres };
  return clusterStatus("a", new Map([["postgres", part]]), look, ends);
};

t.test("one lost of three is degraded, two are failed", async (t) => {
  t.equal((await of(servers())).status, "healthy");
  t.equal((await of(servers("pass", "warn"))).status, "degraded");
  t.equal((await of(servers("pass", "fail"))).status, "degraded");
  t.equal((await of(servers("fail", "pass", "fail"))).status, "failed");
  t.equal((await clusterStatus("a", new Map(), look, ends)).status, "healthy", "nothing to be lost");
});

t.test("a node with several servers works while one of them does", async (t) => {
  const two = [...servers(), ...servers("fail", "fail", "fail")];
  t.equal((await of(two)).status, "degraded");
});

t.test("a component that can't be asked, or says nothing, is told as lost with its reason", async (t) => {
  const refusing = { members: () => Promise.reject(new Error("nobody answers")) };
  const silent = {
    members: ({ signal }: { signal: AbortSignal }) =>
      new Promise<never>((_, reject) => {
        const open = setTimeout(() => {}, 60_000);
        const end = (): void => {
          clearTimeout(open);
          reject(new Error("no word in time"));
        };
        signal.addEventListener("abort", end, { once: true });
      }),
  };
  const found = await clusterStatus(
    "a",
    new Map([
      ["postgres", refusing],
      ["redis", silent],
    ] as const),
    look,
    ends,
    20,
  );
  t.equal(found.status, "failed");
  t.match(found.nodes[2]?.servers, [
    { component: "postgres", status: "fail", message: "nobody answers" },
    { component: "redis", status: "fail", message: "no word in time" },
  ]);
});

t.test("the document is as published, the table has a line a server", async (t) => {
  const document = await of(servers("pass", "fail"));
  t.same(clusterDocument.parse(document), document);
  const lines = clusterTable(document, false).split("\n");
  t.match(lines[0], "cluster of shop: degraded");
  t.match(lines.slice(2), [
    /^node +address +certificate until +component +role +state +behind$/,
    /^a \(here\) +127\.0\.9\.1 +2027-02-28 +postgres +leader +pass/,
    /^b +127\.0\.9\.2 +2027-02-28 +postgres +replica +fail +12 MB$/,
    /^c /,
  ]);
  const dark = clusterTable(await clusterStatus("b", new Map(), look, async () => undefined), false);
  t.match(dark, /^b \(here\) +127\.0\.9\.2 +none shown$/m);
});
