import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ApiFault, badParameters } from "./api-fault.ts";
import { routes } from "./routes.ts";
import { type StandInOptions, standInState, type UploadedFile } from "./stand-in-state.ts";

/**
 * A Proxmox node as its API shows it, without a door: the quirks of pve-container, pve-storage
 * and pve-manager 8.4 in what is answered. What comes over HTTP, TLS and logins is the doors'.
 */
export function standIn(options: StandInOptions) {
  const state = standInState(options);
  const { node } = state;

  const member = {
    ...state,
    state,
    /**
     * One request, as `/api2/json` and `pvesh` both make it.
     *
     * @param path below /api2/json
     * @throws ApiFault
     */
    request: async (user: string, method: string, path: string, parameters: Readonly<Record<string, string>>) => {
      for (const route of routes) {
        const match = route.method === method ? route.pattern.exec(path) : null;
        if (match === null) continue;
        const at = Object.fromEntries(Object.entries(match.groups ?? {}).map(([k, v]) => [k, decodeURIComponent(v)]));
        if (at.node !== undefined && at.node !== node) {
          const other = state.members.get(at.node);
          if (other !== undefined) return other.request(user, method, path, parameters);
          const lookup = `failed to get address info for: ${at.node}: Name or service not known`;
          throw new ApiFault(500, `hostname lookup '${at.node}' failed - ${lookup}`);
        }
        const unknown = Object.keys(parameters).filter((name) => !route.parameters.test(name));
        if (unknown.length > 0) {
          const why = "property is not defined in schema and the schema does not allow additional properties";
          throw badParameters(Object.fromEntries(unknown.map((name) => [name, why])));
        }
        const data = await route.answer({ state, user, at, parameters });
        state.carriedOut.push(`${method} ${path}`);
        return data;
      }
      throw new ApiFault(501, `Method '${method} ${path}' not implemented`);
    },
    /**
     * What follows an upload: the file was written to `temporary` by the door.
     *
     * @returns the task that checks it and puts it in its place, over whatever is there
     */
    importUpload: async (user: string, upload: UploadedFile): Promise<string> => {
      const target = state.storages.find((one) => one.storage === upload.storage);
      if (target === undefined) throw new ApiFault(500, `storage '${upload.storage}' does not exist`);
      state.access.demand(user, `/storage/${upload.storage}`, "Datastore.AllocateTemplate");
      const { checksum, algorithm, temporary } = upload;
      if (upload.content !== "vztmpl") throw badParameters({ content: `value '${upload.content}' is not vztmpl` });
      if (!target.content.includes("vztmpl")) {
        throw new ApiFault(500, `storage '${upload.storage}' does not support 'vztmpl' content`);
      }
      const name = upload.filename.replace(/[^a-zA-Z0-9_.-]/g, "_");
      if (!/\.tar\.(gz|xz|zst|bz2)$/.test(name)) throw badParameters({ filename: "wrong file extension" });
      state.carriedOut.push(`POST /nodes/${node}/storage/${upload.storage}/upload`);
      return state.tasks.start("imgcopy", "", user, async (log) => {
        try {
          const { size } = await stat(temporary);
          const folder = state.templates(upload.storage);
          for (const line of [
            `starting file import from: ${temporary}`,
            `target node: ${node}`,
            `target file: ${join(folder, name)}`,
            `file size is: ${size}`,
          ]) {
            log(line);
          }
          if (checksum !== undefined) {
            const sum = createHash(algorithm ?? "sha256")
              .update(await readFile(temporary))
              .digest("hex");
            if (sum !== checksum) throw new Error(`checksum mismatch: got '${sum}' != expect '${checksum}'`);
            log("OK, checksum verified");
          }
          if (size > target.avail) throw new Error("import failed: cp: error writing: No space left on device");
          await mkdir(folder, { recursive: true });
          await copyFile(temporary, join(folder, name));
          target.avail -= size;
          log("finished file import successfully");
        } finally {
          await rm(temporary, { force: true });
        }
      });
    },
    /** As somebody does who needs the room. */
    forgetTemplates: async (name: string): Promise<string> => {
      await rm(state.templates(name), { recursive: true, force: true });
      return "forgotten";
    },
    /** Names of the templates that a storage has. */
    templateNames: async (name: string): Promise<readonly string[]> => readdir(state.templates(name)).catch(() => []),
  };
  state.nodes.push(node);
  // Whichever node is asked for another's, asks that one.
  state.members.set(node, member);
  return member;
}

export type StandIn = ReturnType<typeof standIn>;
