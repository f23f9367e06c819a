import { Option } from "commander";
import { bytesText } from "../../../lib/cli/text.ts";
import type { Target } from "../../build/target.ts";
import type { ImageArtefacts, ImageFlags } from "./render.ts";

/** OCI images of the stack's services. */
export const image: Target<ImageArtefacts, ImageFlags> = {
  name: "image",
  summary: "build OCI images of the services, for Docker, podman and registries",
  help: {
    before: "Builds OCI images of a stack's services out of the template's layers. No Docker is needed.",
    out: "where the images go",
    after: `
What is written to DIR:
  NAME_VERSION-HASH_amd64.oci.tar          all images: an OCI image layout that is also a docker archive
  NAME_VERSION-HASH_amd64.oci.tar.sha256   sha256sum --check takes it

  docker load --input FILE                 every image, as localhost/NAME/SERVICE:VERSION
  podman load --input FILE
  skopeo copy oci-archive:FILE:localhost/NAME/SERVICE:VERSION docker://registry.example/SERVICE

Each service's image has Debian's essential packages, Python and the definition's packages, the
service's venv, its files and its code as layers of their own: an edit of the code ships
kilobytes. It runs as the service's own number, finds its settings in its environment and its
secrets in /run/secrets, a file each. Its bill of materials refers to it, in the same archive.

Exit codes: 0 built, 1 a step failed, 64 unknown option or invalid stack.yaml, 130 Ctrl-C.
`,
  },
  options: () => [
    new Option("--databases", "images of the stack's servers too, from Debian's packages").conflicts("whole"),
    new Option(
      "--whole",
      "in their place one image of the whole template, for Proxmox 9.1 and others that boot systemd",
    ),
    new Option("--layout", "write the layout as a folder, NAME_VERSION-HASH_amd64.oci"),
    new Option("--repository <name>", "what images' names begin with (default: localhost/NAME)"),
  ],
  verifies: /\.oci\.tar$/,
  fileName: async ({ model }) => `${model.name}_${model.version}-HASH_${model.architecture}.oci.tar`,
  render: async (made, progress, flags) => (await import("./render.ts")).renderImages(made, progress, flags),
  summaryOf: ({ images, bytes, sha256, list }) => [
    `images    ${images} (${bytesText(bytes)})`,
    `sha256    ${sha256}`,
    ...list.flatMap(({ reference, layers }) => [
      reference,
      ...layers.map(({ name, bytes }) => `  ${name.padEnd(36)} ${bytesText(bytes)}`),
    ]),
  ],
  verify: async (options) => (await import("./verify.ts")).verifyImages(options),
};
