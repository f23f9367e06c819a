import * as z from "zod/mini";

/** `release.json` of a release of the stack, in its folder and, signed, in its package. */
export const stackReleaseDocument = z.object({
  schemaVersion: z.literal(1),
  /** Its folder's name; "0": what the template brought. */
  id: z.string().check(z.regex(/^[A-Za-z0-9][\w.+~-]*$/)),
  /** The stack's. */
  name: z.string(),
  version: z.string(),
  /** Debian's release, "12". */
  debian: z.string(),
  architecture: z.string(),
  /** Servers whose data only the same major version can read, by what people call them. */
  servers: z.record(z.string(), z.object({ package: z.string(), version: z.string() })),
  migrations: z.array(
    z.object({
      name: z.string(),
      /** Why an older release can't work with what it leaves; missing: it only expands. */
      noWayBack: z.optional(z.string()),
    }),
  ),
  /** sha256 over the code and lock of each service. */
  services: z.record(z.string(), z.string()),
  /** Files and links of the user's own trees. */
  own: z.array(z.object({ path: z.string(), mode: z.number(), target: z.optional(z.string()) })),
  /** Of a package: what is in it. */
  payload: z.optional(z.object({ bytes: z.number(), sha256: z.string() })),
});

export type StackReleaseDocument = z.output<typeof stackReleaseDocument>;

/** Its name, in a release's folder and in a package. */
export const stackReleaseName = "release.json";

/** The definition that the release was built of, in its folder. */
export const releaseDefinitionName = "stack.yaml";

/** The user's own files in it, by their paths. */
export const ownFolderName = "own";

/** The services' code and locks in it, a folder each. */
export const servicesFolderName = "services";

/** What a release's package has beside its release.json: the signature, and all else. */
export const packageMembers = { signature: "release.json.sig", payload: "payload.tar.zst" } as const;

/** The signature in a package: Ed25519, over the bytes of its release.json. */
export const releaseSignature = z.object({
  schemaVersion: z.literal(1),
  /** SPKI, PEM. */
  key: z.string(),
  /** Base64. */
  signature: z.string(),
  /** Whose key it says it is, `user@host`. */
  by: z.string(),
});

/** `stack-agent upgrade --json`. */
export const upgradeDocument = z.object({
  schemaVersion: z.literal(1),
  /** In force now; of a plan what would be. */
  release: z.string(),
  previous: z.string(),
  changed: z.boolean(),
  /** It was only planned. */
  planned: z.boolean(),
  definition: z.enum(["kept", "of the release", "given"]),
  /** Services that get the release's code. */
  services: z.array(z.string()),
  /** Services that keep what was deployed for them alone. */
  kept: z.array(z.string()),
  /** Components and services that are not in the definition any more, and stay as they are. */
  left: z.array(z.string()),
  files: z.array(z.string()),
  actions: z.array(
    z.object({ stage: z.string(), do: z.string(), what: z.string(), why: z.string(), diff: z.optional(z.string()) }),
  ),
  unseen: z.array(z.string()),
  restarts: z.array(z.string()),
  /** Migrations after which no way leads back. */
  noWayBack: z.array(z.string()),
  /** Seconds in which a service did not answer well, the worst first. */
  without: z.optional(z.record(z.string(), z.number())),
  seconds: z.number(),
  removed: z.array(z.string()),
});

export type UpgradeDocument = z.output<typeof upgradeDocument>;

/** `stack-agent release ls --json`, the newest first. */
export const stackReleasesDocument = z.object({
  schemaVersion: z.literal(1),
  releases: z.array(
    z.object({
      id: z.string(),
      state: z.enum(["current", "previous", "kept"]),
      version: z.string(),
      /** When it was laid; missing of the template's own. */
      at: z.optional(z.string()),
    }),
  ),
});

export type StackReleasesDocument = z.output<typeof stackReleasesDocument>;
