import t from "tap";
import { hostKey, judgeHostKey, knownTypes, readKnownHosts } from "../../../installer/ssh/known-hosts.ts";
import { sshAddress, sshAddressText, sshCommand } from "../../../installer/ssh/ssh-address.ts";

const key = (type: string, rest: string) => {
  const name = Buffer.from(type);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(name.length);
  return hostKey(Buffer.concat([length, name, Buffer.from(rest)]));
};
const [mine, other, rsa] = [key("ssh-ed25519", "mine"), key("ssh-ed25519", "other"), key("ssh-rsa", "rsa")];
const [A, B, R] = [mine, other, rsa].map(({ type, blob }) => `${type} ${blob.toString("base64")}`);

const rows: readonly (readonly [promise: string, text: string, host: string, port: number, kind: string])[] = [
  ["a line with its name", `pve1 ${A} root@pve1`, "pve1", 22, "known"],
  ["one of several names, in other letters", `x,PVE1.example.org ${A}`, "pve1.example.org", 22, "known"],
  ["a pattern", `pve?.*.org ${A}`, "pve1.example.org", 22, "known"],
  ["a star that takes nothing, and one that takes more", `*pve*1*.org* ${A}`, "pve1.x1.org", 22, "known"],
  ["a star is no end", `pve*1 ${A}`, "pve12", 22, "unknown"],
  ["a pattern that is taken back", `*.org,!pve1.org ${A}`, "pve1.org", 22, "unknown"],
  ["a dot is a dot", `pve1.org ${A}`, "pve1xorg", 22, "unknown"],
  ["another port has another name", `[pve1]:2222 ${A}`, "pve1", 2222, "known"],
  ["at another port a line without one is good enough", `pve1 ${A}`, "pve1", 2222, "known"],
  ["and says nothing against another key", `pve1 ${B}`, "pve1", 2222, "unknown"],
  ["a line of a port says nothing of 22", `[pve1]:2222 ${A}`, "pve1", 22, "unknown"],
  ["another key of the same type", `pve1 ${B}`, "pve1", 22, "changed"],
  ["a key of another type only", `pve1 ${R}`, "pve1", 22, "unknown"],
  ["revoked, whatever else is said", `pve1 ${A}\n@revoked * ${A}`, "pve1", 22, "revoked"],
  ["an authority's line is no key", `@cert-authority *.org ${A}`, "a.org", 22, "unknown"],
  ["comments, empty and broken lines", `# pve1 ${A}\n\npve1\npve1 ssh-ed25519\n`, "pve1", 22, "unknown"],
  ["a marker that is not known", `@new pve1 ${A}`, "pve1", 22, "unknown"],
];

for (const [promise, text, host, port, kind] of rows) {
  t.test(`known_hosts: ${promise}: ${kind}`, async (t) => {
    t.equal(judgeHostKey(readKnownHosts(text, "known_hosts"), host, port, mine).kind, kind);
  });
}

t.test("lines are told by their place; the types a host is known by are what it is asked for", async (t) => {
  const lines = readKnownHosts(`# x\npve1 ${B}\npve1 ${R}\n@cert-authority pve1 ${A}\n`, "known_hosts");
  t.same(judgeHostKey(lines, "pve1", 22, mine), { kind: "changed", places: ["known_hosts:2"] });
  t.same(knownTypes(lines, "pve1", 22), ["ssh-ed25519", "ssh-rsa"]);
  t.same(judgeHostKey(lines.slice(2), "pve1", 22, mine), { kind: "unknown", authority: "known_hosts:4" });
});

t.test("an address has a user, a name or an address, a port; written as it is typed", async (t) => {
  const read = (text: string) => {
    const found = sshAddress(text);
    return found === undefined ? undefined : sshAddressText(found);
  };
  t.same(sshAddress("pve1"), { user: "root", host: "pve1", port: 22 });
  t.same(sshAddress("ann@[fd00::2]:2222"), { user: "ann", host: "fd00::2", port: 2222 });
  for (const text of ["root@pve1", "root@10.1.1.2:2222", "ann@[fd00::2]:2222", "root@[fd00::2]"])
    t.equal(read(text), text);
  t.equal(read("root@fd00::2"), "root@[fd00::2]", "without brackets it has no port");
  t.same(sshAddress("fe80::2%eth0"), { user: "root", host: "fe80::2%eth0", port: 22 });
  t.same(sshAddress("[fe80::2%eth0]:2222"), { user: "root", host: "fe80::2%eth0", port: 2222 });
  t.equal(sshCommand({ user: "root", host: "fd00::2", port: 22 }), "ssh root@fd00::2");
  t.equal(sshCommand({ user: "ann", host: "fd00::2", port: 2222 }), "ssh -p 2222 ann@fd00::2");
  for (const text of [
    "",
    "-oProxyCommand=x",
    "root@",
    "@pve1",
    "pve1:0",
    "pve1:70000",
    "a b",
    "root@-x",
    "x@y@z",
    "[fd00::2",
    "pve1:22:22",
  ]) {
    t.equal(read(text), undefined, text);
  }
});
