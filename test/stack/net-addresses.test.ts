import t from "tap";
import type { NetworkSettings } from "../../stack/definition/network.ts";
import { askedAddresses, fixedAddresses, netOptions } from "../../stack/net-addresses.ts";

const dns: string[] = [];

const rows: readonly (readonly [network: NetworkSettings, options: string, asked: readonly string[]])[] = [
  ["dhcp", "ip=dhcp", ["IPv4 dhcp"]],
  [{ address: "dhcp", address6: "auto", dns }, "ip=dhcp,ip6=auto", ["IPv4 dhcp", "IPv6 auto"]],
  [{ address6: "dhcp", dns }, "ip6=dhcp", ["IPv6 dhcp"]],
  [
    { address: "10.1.1.120/24", gateway: "10.1.1.1", address6: "FD00:0:0:0::0120/64", gateway6: "fe80::1", dns },
    "ip=10.1.1.120/24,gw=10.1.1.1,ip6=FD00:0:0:0::0120/64,gw6=fe80::1",
    ["IPv4 static 10.1.1.120", "IPv6 static fd00::120"],
  ],
];

t.test("what is asked for of each family, as net0 has it, and as the container's addresses are told", async (t) => {
  for (const [network, options, asked] of rows) {
    t.equal(netOptions(network), options);
    const told = askedAddresses(network);
    t.same(
      told.map(({ family, by, address }) => [family, by, ...(address === undefined ? [] : [address])].join(" ")),
      asked,
    );
    for (const { option } of told) t.ok(options.split(",").includes(option), option);
    t.same(
      fixedAddresses(network),
      told.flatMap(({ address }) => address ?? []),
    );
  }
});
