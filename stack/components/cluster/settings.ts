import * as z from "zod/mini";
import { nameField, portField } from "../../definition/fields.ts";

/** How many machines a cluster has: of three any two agree. */
export const clusterSize = 3;

const octet = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const ipv4 = new RegExp(`^${octet}(\\.${octet}){3}$`);

const nodes = z
  .record(
    nameField("a", 15),
    z.string().check(z.regex(ipv4, "must be an IPv4 address without prefix, e.g. 10.1.1.121")),
  )
  .check((check) => {
    const { value: input } = check;
    const wrong = (message: string): void => void check.issues.push({ code: "custom", input, message });
    const addresses = Object.values(input);
    if (addresses.length !== clusterSize)
      wrong(`has ${addresses.length}; a cluster has three, so that two go on without the third`);
    if (new Set(addresses).size < addresses.length) wrong("has an address twice");
  }, z.describe(
    "Three machines by name, each with its fixed IPv4 address: {a: 10.1.1.121, b: 10.1.1.122, c: 10.1.1.123}",
  ));

/** The section `cluster` of a stack.yaml. */
export const clusterSettings = z
  .strictObject({
    nodes,
    joinPort: z._default(portField("Where a member waits for another one to join, while a token is valid"), 8090),
  })
  .check(z.describe("Three containers that are one stack (docs/cluster.md); left out, it is one container"));

export type ClusterSettings = z.output<typeof clusterSettings>;
