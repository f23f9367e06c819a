import { run } from "../../lib/run.ts";
import { fixture } from "./fixture.ts";

const PACKAGES = "systemd,systemd-sysv,dbus,ifupdown,isc-dhcp-client,iproute2,openssh-server,cron,ssl-cert";

/** A plain Debian 12 to prove lib/lxc with. */
export function minimalTemplate(): Promise<string> {
  return fixture({
    name: "minimal",
    suffix: ".tar.gz",
    inputs: PACKAGES,
    make: async (file) => {
      await run("mmdebstrap", ["--quiet", "--variant=minbase", `--include=${PACKAGES}`, "bookworm", file], {
        timeout: 20 * 60_000,
        install: "apt-get install mmdebstrap",
      });
    },
  });
}
