import * as z from "zod/mini";

const octet = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const ipv4 = `${octet}(\\.${octet}){3}`;

/** Proxmox takes no shorter prefix than /8 (pve-ipv4-config, pve-ipv6-config of PVE::JSONSchema). */
const cidr4 = new RegExp(`^${ipv4}/([89]|[12]\\d|3[0-2])$`);
const prefix6 = /^([89]|[1-9]\d|1[01]\d|12[0-8])$/;

function isIpv6(text: string): boolean {
  return z.ipv6().safeParse(text).success;
}

/** One that others reach a machine by: neither of its link or itself alone, nor a group's. */
function isOfMachine(text: string): boolean {
  return isIpv6(text) && !/^(fe[89ab][0-9a-f]:|ff[0-9a-f]{2}:|::1?$|0*(:0*){7}1?$)/i.test(text);
}

function isCidr6(text: string): boolean {
  const [address = "", prefix = "", ...more] = text.split("/");
  return isOfMachine(address) && prefix6.test(prefix) && more.length === 0;
}

const text = (what: string, good: (value: string) => boolean, must: string) =>
  z.string().check(z.refine(good, must), z.describe(what));

const fixed = z
  .strictObject({
    address: z.optional(
      text(
        "`dhcp`, or an IPv4 address with prefix; left out, there is no IPv4",
        (value) => value === "dhcp" || cidr4.test(value),
        "must be dhcp, or an IPv4 address with prefix, e.g. 10.1.1.120/24; IPv6 goes into address6",
      ).check(z.meta({ examples: ["10.1.1.120/24"] })),
    ),
    gateway: z.optional(
      text(
        "The default route's, of a fixed address",
        (value) => new RegExp(`^${ipv4}$`).test(value),
        "must be an IPv4 address, e.g. 10.1.1.1; IPv6 goes into gateway6",
      ).check(z.meta({ examples: ["10.1.1.1"] })),
    ),
    address6: z.optional(
      text(
        "`auto` (SLAAC), `dhcp`, or an IPv6 address with prefix; left out, nothing is asked for",
        (value) => value === "auto" || value === "dhcp" || isCidr6(value),
        "must be auto, dhcp, or an IPv6 address with prefix that others can reach, e.g. fd00::120/64",
      ).check(z.meta({ examples: ["fd00::120/64"] })),
    ),
    gateway6: z.optional(
      text(
        "IPv6's default route's, of a fixed address; left out, the one that routers advertise",
        isIpv6,
        "must be an IPv6 address, e.g. fd00::1 or fe80::1",
      ).check(z.meta({ examples: ["fd00::1"] })),
    ),
    dns: z._default(
      z
        .array(
          text(
            "A name server",
            (value) => new RegExp(`^${ipv4}$`).test(value) || isIpv6(value),
            "must be an address, e.g. 10.1.1.1 or fd00::1",
          ),
        )
        .check(z.describe("Name servers; none: the node's")),
      [],
    ),
  })
  .check(({ value, issues }) => {
    const wrong = (key: keyof typeof value, message: string): void =>
      void issues.push({ code: "custom", path: [key], message, input: value[key], continue: true });
    if (value.address === undefined && value.address6 === undefined) {
      wrong("address", "is missing (or address6 in its place)");
    }
    if (cidr4.test(value.address ?? "") && value.gateway === undefined) {
      wrong("gateway", "is missing: a fixed address needs one, e.g. 10.1.1.1");
    }
    const isGiven = (address: string | undefined): boolean => /^(auto|dhcp)?$/.test(address ?? "");
    const idle = "means nothing without a fixed";
    if (value.gateway !== undefined && isGiven(value.address)) wrong("gateway", `${idle} address`);
    if (value.gateway6 !== undefined && isGiven(value.address6)) wrong("gateway6", `${idle} address6`);
  });

const shape = "{address: 10.1.1.120/24, gateway: 10.1.1.1}";

/** How a container's eth0 gets its addresses. */
export const networkSchema = z
  .union([z.literal("dhcp"), fixed], { error: () => `must be "dhcp" or like ${shape} or {address6: auto}` })
  .check(
    z.describe(
      `\`dhcp\` (IPv4 alone), or more: ${shape}, {address: dhcp, address6: auto}, {address6: fd00::120/64, gateway6: fd00::1}`,
    ),
  );

export type NetworkSettings = z.output<typeof networkSchema>;
