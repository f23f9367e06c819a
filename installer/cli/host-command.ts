import { writeJson } from "../../lib/cli/command-line.ts";
import { columns } from "../../lib/cli/text.ts";
import { ExitCode, StackError } from "../../lib/error.ts";
import type { DeploymentDocument } from "../../stack/documents/deployment.ts";
import { deployHost, type HostIntent, type HostOptions, type HostStep, intendHost } from "../host/deploy-host.ts";
import { type HostPackage, openPackage } from "../host/open-package.ts";
import { knownHostsFiles } from "../ssh/host-trust.ts";
import { ownLogin } from "../ssh/login.ts";
import { openSsh } from "../ssh/open-ssh.ts";
import { sshAddress, sshCommand } from "../ssh/ssh-address.ts";
import { names, settings } from "../wanted/settings.ts";
import { askForSecret } from "./ask.ts";
import type { HostFlags } from "./is-for-host.ts";
import { settingOf, shownProgress } from "./options.ts";

/** `deploy-template FILE.deb --host root@server`. @returns the exit code */
export async function hostCommand(
  path: string,
  flags: HostFlags,
  signal: AbortSignal,
  onLeft: (text: string) => void,
): Promise<number> {
  refuseOthers(flags);
  const { host = "" } = flags;
  const address = sshAddress(host);
  if (address === undefined) throw usage("bad-address", `--host: ${host} is no address for SSH`, "--host root@server");
  const json = flags.json === true;
  const progress = await shownProgress(json);
  const pack = await progress.step("package", `reading ${path}`, () => openPackage(path, signal));
  const identities = flags.identity === undefined ? [] : [flags.identity];
  const login = ownLogin(process.env, { identities, ask: askForSecret });
  const fingerprint = settingOf({ ...flags }, "deploy.fingerprint");
  const trust = { fingerprint, knownHosts: knownHostsFiles(process.env) };
  const ssh = await openSsh({ ...address, login, trust, signal });
  try {
    const timeout = flags.timeout * 1000;
    const options: HostOptions = {
      ssh,
      address: address.host,
      login: sshCommand(address),
      pack,
      progress,
      signal,
      timeout,
      onLeft,
    };
    if (flags.dryRun) {
      const intent = await intendHost(options);
      if (json) writeJson(intentDocument(intent, pack));
      else process.stdout.write(intentText(intent, pack));
      return intent.refusals.length === 0 ? 0 : ExitCode.failed;
    }
    const deployment = await deployHost(options);
    if (json) writeJson(deployment);
    else process.stdout.write(hostText(deployment, sshCommand(address), pack));
    return deployment.status === "healthy" ? 0 : ExitCode.degraded;
  } finally {
    ssh.close();
  }
}

/** What says something of nodes and containers only. The variables may be there for those. */
function refuseOthers(flags: HostFlags): void {
  const given: Readonly<Record<string, unknown>> = { ...flags };
  const others = [
    ...settings.filter(({ path }) => path !== "deploy.fingerprint").map((setting) => names(setting)),
    ...["--user", "--set"].map((typed) => ({ typed, key: typed.slice(2) })),
    { typed: "--token-file", key: "tokenFile" },
    { typed: "--resend", key: "resend" },
  ];
  const found = others.find(({ key }) => given[key] !== undefined);
  if (found === undefined) return;
  throw usage(
    "other-way",
    `${found.typed} means nothing to --host`,
    "what the stack is says the stack.yaml in the package; on the host /etc/stack-agent/stack.yaml",
  );
}

const words: Readonly<Record<HostStep, (intent: HostIntent, pack: HostPackage) => string>> = {
  install: (_intent, { file }) => `send ${file} and install it`,
  provision: ({ actions }) => `stack-agent provision${actions === undefined ? "" : `: ${actions} actions to do`}`,
  wait: () => "wait until all of the stack works",
};

function intentText(intent: HostIntent, pack: HostPackage): string {
  const { facts, refusals, steps } = intent;
  return [
    `host ${facts.name}, Debian ${facts.debian}, ${pack.name} ${pack.version}`,
    ...refusals.flatMap(({ code, message, fix }) => [`refused: ${message} [${code}]`, `  ${fix}`]),
    ...steps.map((step, index) => `${index + 1}. ${words[step](intent, pack)}`),
    "nothing was changed",
    "",
  ].join("\n");
}

function intentDocument({ facts, refusals, steps, actions }: HostIntent, pack: HostPackage) {
  const { name: host, debian } = facts;
  return { schemaVersion: 1, host, debian, package: pack.name, version: pack.version, refusals, steps, actions };
}

function hostText(made: DeploymentDocument, login: string, pack: HostPackage): string {
  const { node, address, status, urls, warnings, changed } = made;
  return [
    "",
    `${pack.model.name} on ${node} is ${status}${changed ? "" : ": nothing to do"}`,
    columns([["address", address], ...urls.map(({ name, url }) => [name, url])]).trimEnd(),
    ...warnings.map((line) => `warning: ${line}`),
    "",
    `next, on it (${login}):`,
    "  stack-agent status",
    "to take it back:",
    "  stack-agent reset --plan",
    "",
  ].join("\n");
}

function usage(code: string, message: string, hint: string): StackError {
  return new StackError(code, message, { hint, exit: ExitCode.usage });
}
