import { bytesText } from "../../../lib/cli/text.ts";
import type { Target } from "../../build/target.ts";
import type { TemplateArtefacts } from "./render.ts";

/** A template for Proxmox's containers, which Incus and LXD take too, and what tells of it. */
export const proxmox: Target<TemplateArtefacts> = {
  name: "proxmox",
  summary: "build a template for Proxmox, Incus and LXD",
  help: {
    before: "Builds a Proxmox container template from a stack definition.",
    after: `
What is written to DIR:
  debian-12-NAME_VERSION-HASH_amd64.tar.gz           the template
  debian-12-NAME_VERSION-HASH_amd64.tar.gz.sha256    sha256sum --check takes it
  debian-12-NAME_VERSION-HASH_amd64.manifest.json    layers, packages, deviations
  debian-12-NAME_VERSION-HASH_amd64.tar.gz.sig       its signature, with --sign
  debian-12-NAME_VERSION-HASH_amd64.DEPLOY.md        the commands for the Proxmox node
  debian-12-NAME_VERSION-HASH_amd64.sbom.cdx.json    software bill of materials, CycloneDX
  debian-12-NAME_VERSION-HASH_amd64.incus.tgz        what Incus and LXD need to take it too
`,
    out: "where the template goes",
  },
  verifies: /(?<!\.oci)\.tar(\.\w+)?$/,
  fileName: async ({ model, format }, layers) =>
    (await import("./template-name.ts")).nameOfLayers(model, layers, format),
  render: async (made, progress) => (await import("./render.ts")).renderTemplate(made, progress),
  summaryOf: ({ template, manifest, deploy, sbom, signature, document }) => [
    `template  ${template} (${bytesText(document.template?.bytes ?? 0)})`,
    `sha256    ${document.template?.sha256}`,
    `manifest  ${manifest}`,
    `deploy    ${deploy}`,
    `sbom      ${sbom}`,
    ...(signature === undefined ? [] : [`signature ${signature}`]),
    ...document.deviations.map((sentence) => `DEVIATION ${sentence}`),
  ],
  verify: async (options) => (await import("./verify.ts")).verifyTemplate(options),
};
