import type { Run } from "../../../lib/run.ts";

/**
 * uv's environment for the package index that this machine's pip is set to: uv reads
 * neither pip.conf nor PIP_*. What is set for uv itself wins.
 */
export async function indexSettings(
  run: Run,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Record<string, string>> {
  const { stdout } = await run("python3", ["-m", "pip", "config", "list"], { accept: [0, 1, 2] });
  const own = Object.entries(environment).filter(([name, value]) => value !== undefined && passed.test(name));
  return { ...fromPipConfig(stdout), ...(Object.fromEntries(own) as Record<string, string>) };
}

/** Proxies and uv's own index settings; not its paths and modes, which the build sets itself. */
const passed =
  /^(https?_proxy|no_proxy|all_proxy|UV_(DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|INSECURE_HOST|HTTP_TIMEOUT))$/i;

/** Lines of `pip config list`: `global.index-url='https://…'`, `:env:.index-url='…'`; later ones win. */
export function fromPipConfig(text: string): Record<string, string> {
  const settings = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^(?:[\w:]+)\.([a-z-]+)=(['"])(.*)\2$/.exec(line.trim());
    if (match?.[1] !== undefined && match[3] !== undefined) settings.set(match[1], match[3]);
  }
  const words = (value: string | undefined): string => (value ?? "").replaceAll("\\n", " ").trim();
  const translated: Record<string, string> = {
    UV_DEFAULT_INDEX: words(settings.get("index-url")),
    UV_INDEX: words(settings.get("extra-index-url")),
    UV_INSECURE_HOST: words(settings.get("trusted-host")),
  };
  return Object.fromEntries(Object.entries(translated).filter(([, value]) => value !== ""));
}
