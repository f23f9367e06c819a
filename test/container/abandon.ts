/** Starts a container, tells its names and dies without cleaning up: what a sweep must put right. */
import { silentLog } from "../../lib/log.ts";
import { bootContainer, createFromTemplate } from "../../lib/lxc/create-from-template.ts";
import { createNetwork } from "../../lib/lxc/network.ts";
import { run } from "../../lib/run.ts";
import { workFolder } from "./needs.ts";

const effects = { run, log: silentLog };
const network = await createNetwork({ folder: workFolder, ...effects });
const made = await createFromTemplate({
  ...{ folder: workFolder, network, template: process.argv[2] ?? "", hostname: "abandoned" },
  ...{ addressing: { kind: "dhcp" }, nesting: false, memory: 512, swap: 0, cores: 1 },
  ...effects,
});
const pid = await bootContainer({ ...made, ...effects });
process.stdout.write(JSON.stringify({ pid, container: made.container.name, network: network.name }), () =>
  process.kill(process.pid, "SIGKILL"),
);
