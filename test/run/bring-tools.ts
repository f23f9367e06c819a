import { ensureTools, type HostTool } from "../../lib/apt/host-tools.ts";
import { stderrLog } from "../../lib/log.ts";
import { run } from "../../lib/run.ts";

/** Programs that tests call, and the Debian packages that bring them. */
const tools = {
  amtool: { package: "prometheus-alertmanager", units: ["prometheus-alertmanager.service"] },
  chromium: { package: "chromium" },
  dnsmasq: { package: "dnsmasq-base" },
  crun: { package: "crun" },
  git: { package: "git" },
  gpg: { package: "gpg" },
  "gpg-agent": { package: "gpg-agent" },
  ip: { package: "iproute2" },
  "lxc-start": { package: "lxc" },
  mmdebstrap: { package: "mmdebstrap" },
  newuidmap: { package: "uidmap" },
  openssl: { package: "openssl" },
  patchelf: { package: "patchelf" },
  apparmor_parser: { package: "apparmor" },
  pigz: { package: "pigz" },
  pngquant: { package: "pngquant" },
  pip: { command: "python3", package: "python3-pip", probe: ["-m", "pip", "--version"] },
  promtool: { package: "prometheus", units: ["prometheus.service"] },
  podman: { package: "podman" },
  ps: { package: "procps" },
  python3: { package: "python3" },
  skopeo: { package: "skopeo" },
  sshd: { package: "openssh-server", units: ["ssh.service", "ssh.socket"] },
  shellcheck: { package: "shellcheck" },
  "ssh-keygen": { package: "openssh-client" },
  xz: { package: "xz-utils" },
  zstd: { package: "zstd" },
} as const satisfies Readonly<Record<string, Omit<HostTool, "command"> & { readonly command?: string }>>;

/**
 * Makes sure that the tools a phase of the tests needs are there: as root they are installed.
 *
 * @throws StackError `missing-tool` with the command that installs them
 */
export async function bringTools(...names: readonly (keyof typeof tools)[]): Promise<void> {
  const wanted = names.map((name): HostTool => ({ command: name, ...tools[name] }));
  await ensureTools(wanted, { run, log: stderrLog, root: process.getuid?.() === 0 });
}
