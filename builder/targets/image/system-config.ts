import type { Model } from "../../../stack/model.ts";
import { type ContainerConfig, searchPath } from "./image-spec.ts";

/** How a container of the whole template is run: systemd is its first process, as in a container of the template. */
export function systemConfig({ ports }: Pick<Model, "ports">): ContainerConfig {
  const open = ports.filter(({ bind }) => bind === "any");
  return {
    User: "0:0",
    ExposedPorts: Object.fromEntries(open.map(({ port }) => [`${port}/tcp`, {}])),
    Env: [searchPath, "container=oci"],
    Entrypoint: ["/sbin/init"],
    WorkingDir: "/",
    // systemd's wish to be shut down in order.
    StopSignal: "SIGRTMIN+3",
  };
}
