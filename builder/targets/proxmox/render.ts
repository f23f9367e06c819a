import type { Progress } from "../../../lib/progress/progress.ts";
import type { ManifestDocument } from "../../../stack/documents/manifest.ts";
import { type MadeLayers, stacked } from "../../build/make-layers.ts";
import { manifest } from "../../manifest/manifest.ts";
import { pack } from "../../pack/pack.ts";
import { sign } from "../../provenance/sign.ts";
import { toolVersions } from "../../tool-versions.ts";
import { templateName } from "./template-name.ts";
import { templateShape } from "./template-shape.ts";
import { type WrittenDocuments, writeDocuments } from "./write-documents.ts";

/** Paths of what was written, and the manifest itself. */
export interface TemplateArtefacts extends WrittenDocuments {
  readonly template: string;
  readonly signature?: string;
  readonly document: ManifestDocument;
}

/**
 * Lays the layers over each other as one template, writes what tells of it beside it, and signs
 * it where a key is given.
 *
 * @throws StackError of packing and signing
 */
export async function renderTemplate(made: MadeLayers, { step }: Progress): Promise<TemplateArtefacts> {
  const { context, plan, facts } = made;
  const { model, out, format, run, signal } = context;
  const layers = stacked(made.layers);
  const packed = await step("pack", `laying the layers over each other, ${format}`, () =>
    pack({ layers, out, format, name: (hash) => templateName(model, hash, format), ...templateShape, signal }),
  );
  const written = await step("manifest", packed.file, async () => {
    const used = await toolVersions(made.layers.base.cached ? ["tar"] : ["mmdebstrap", "apt", "dpkg", "tar"], run);
    const of = { model, packages: facts.packages, chosen: plan.chosen, layers };
    const document = await manifest({ ...of, tools: { ...plan.tools, ...used } }, packed);
    return { template: packed.path, document, ...(await writeDocuments(context, plan, facts, packed, document)) };
  });
  if (context.sign === undefined) return written;
  // Not in a step, whose line is drawn again and again: a passphrase may be asked for.
  const signature = await sign({ file: packed.path, key: context.sign, run, signal });
  return { ...written, signature };
}
