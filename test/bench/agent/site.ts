import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { StackError } from "../../../lib/error.ts";
import { ensureFolder } from "../../../lib/files.ts";
import type { Log } from "../../../lib/log.ts";
import type { Container } from "../../../lib/lxc/container.ts";
import { bootContainer, createFromTemplate } from "../../../lib/lxc/create-from-template.ts";
import { destroyContainer } from "../../../lib/lxc/destroy-container.ts";
import { execIn } from "../../../lib/lxc/exec-in.ts";
import { createNetwork, destroyNetwork } from "../../../lib/lxc/network.ts";
import { ensureSubordinateIds } from "../../../lib/lxc/subordinate-ids.ts";
import { run } from "../../../lib/run.ts";
import { workFolder } from "../../container/requirements.ts";
import { bringTools } from "../../run/bring-tools.ts";

/** A healthy container of the default stack. */
export interface Site {
  readonly container: Container;
  /** Its network namespace, `/proc/PID/ns/net`. */
  readonly namespace: string;
  /** The agent's port. */
  readonly port: number;
}

export interface SiteOptions {
  /** Where a template is built, unless STACK_TEMPLATE names one. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly log: Log;
}

export interface Sites {
  /** Boots the site the first time that it is asked for. */
  readonly site: () => Promise<Site>;
  readonly close: () => Promise<void>;
}

/** The container that the agent's rows are measured in: one for all of them. */
export function sites({ folder, signal, log }: SiteOptions): Sites {
  const effects = { run, log, signal };
  const undo: (() => Promise<void>)[] = [];
  let site: Promise<Site> | undefined;

  const boot = async (): Promise<Site> => {
    if (process.getuid?.() !== 0) {
      throw new StackError("not-root", "containers are booted by root", { hint: "sudo npm run bench" });
    }
    await bringTools("lxc-start", "newuidmap", "dnsmasq", "ip");
    await ensureSubordinateIds({ log });
    const template = process.env.STACK_TEMPLATE ?? (await build(folder, signal));
    await ensureFolder(workFolder, { mode: 0o755 });
    const network = await createNetwork({ folder: workFolder, ...effects });
    undo.push(() => destroyNetwork({ network, run, log }));
    const made = await createFromTemplate({
      ...{ folder: workFolder, network, template: resolve(template), hostname: "stock-analysis", nesting: false },
      ...{ memory: 8192, swap: 512, cores: 4, addressing: { kind: "dhcp" } },
      ...effects,
    });
    const { container } = made;
    undo.push(() => destroyContainer({ container, run, log }));
    const pid = await bootContainer({ ...made, ...effects });
    const args = ["status", "--wait", "--timeout", "180"];
    await execIn({ container, command: "stack-agent", args, accept: [0, 2], timeout: 200_000, run, signal });
    return { container, namespace: `/proc/${pid}/ns/net`, port: 8000 };
  };

  return {
    site: () => {
      site ??= boot();
      return site;
    },
    close: async () => {
      await site?.catch(() => {});
      for (const step of undo.reverse()) await step();
    },
  };
}

/** @returns the template's path */
async function build(folder: string, signal: AbortSignal): Promise<string> {
  const out = join(folder, "template");
  await run("bin/build-template", ["--format", "zst", "--out", out], {
    cwd: resolve(import.meta.dirname, "../../.."),
    timeout: 1_200_000,
    signal,
  });
  const name = (await readdir(out)).find((file) => file.endsWith(".tar.zst"));
  return join(out, name ?? "");
}
