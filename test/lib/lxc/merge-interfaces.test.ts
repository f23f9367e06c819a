import t from "tap";
import { mergeInterfaces } from "../../../lib/lxc/merge-interfaces.ts";

const fixed = { kind: "static", address: "10.1.1.120/24", gateway: "10.1.1.1" } as const;
const loopback = "auto lo\niface lo inet loopback\niface lo inet6 loopback\n\n";
const fixedStanza = "auto eth0\niface eth0 inet static\n\taddress 10.1.1.120/24\n\tgateway 10.1.1.1\n";

t.test("an empty file gets loopback and eth0", async (t) => {
  t.equal(mergeInterfaces("", { kind: "dhcp" }), `${loopback}auto eth0\niface eth0 inet dhcp\n`);
  t.equal(mergeInterfaces("", fixed), `${loopback}${fixedStanza}`);
});

const fixed6 = { kind: "static", address: "fd10:1:1::120/64", gateway: "fd10:1:1::1" } as const;

t.test("IPv6 has a stanza of its own, beside IPv4's or alone", async (t) => {
  const automatic = mergeInterfaces("", { ...fixed, ipv6: { kind: "auto" } });
  t.equal(automatic, `${loopback}${fixedStanza}\niface eth0 inet6 auto\n`);
  const alone = mergeInterfaces("", { kind: "none", ipv6: fixed6 });
  const stanza6 = "iface eth0 inet6 static\n\taddress fd10:1:1::120/64\n\tgateway fd10:1:1::1\n";
  t.equal(alone, `${loopback}auto eth0\n${stanza6}`);
  t.equal(mergeInterfaces(automatic, { kind: "none", ipv6: fixed6 }), alone);
  t.equal(mergeInterfaces(alone, { kind: "none", ipv6: fixed6 }), alone, "twice changes nothing");
  t.equal(
    mergeInterfaces(alone, { kind: "dhcp", ipv6: { kind: "dhcp" } }),
    `${loopback}auto eth0\niface eth0 inet6 dhcp\n\niface eth0 inet dhcp\n`,
  );
  t.equal(mergeInterfaces(automatic, fixed), `${loopback}${fixedStanza}`, "what isn't asked for goes");
});

t.test("what others wrote stays, eth0's other options too", async (t) => {
  const old = [
    "# ours",
    "source /etc/network/interfaces.d/*",
    "auto lo eth0",
    "iface lo inet loopback",
    "",
    "iface eth0 inet static",
    "  address 192.0.2.1",
    "  netmask 255.255.255.0",
    "  mtu 1400",
    "iface eth1 inet manual",
    "",
  ];
  t.equal(
    mergeInterfaces(old.join("\n"), fixed),
    [
      ...old.slice(0, 6),
      "\taddress 10.1.1.120/24",
      "\tgateway 10.1.1.1",
      "\tmtu 1400",
      "",
      "iface eth1 inet manual",
      "",
    ].join("\n"),
  );
});

t.test("merging twice changes nothing, and DHCP and static replace each other", async (t) => {
  for (const addressing of [fixed, { kind: "dhcp" } as const]) {
    const once = mergeInterfaces("auto lo\niface lo inet loopback\n", addressing);
    t.equal(mergeInterfaces(once, addressing), once);
    t.equal(mergeInterfaces(mergeInterfaces(once, fixed), addressing), once);
  }
});
